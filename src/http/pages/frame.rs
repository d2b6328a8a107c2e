//! Frames: what surrounds every page: the shop's name, its shelves, who is signed in, the cart.

use actix_web::http::{StatusCode, header::HeaderValue};
use secrecy::ExposeSecret;
use serde::Serialize;

use super::{PageAnswer, cookies, cookies::CookieNames, csrf, form::FormView};
use crate::{
    accounts::{Means, SignedIn},
    domain::{
        catalogue::CategoryNode,
        ids::{SessionId, ShopId, UserId},
        settings,
        users::{Role, User},
    },
    http::{access::Caller, answer::Answer, call::Origin, carts, problem::Problem},
    shop::Shop,
};

/// A page about to be written.
pub struct Frame {
    shop: Shop,
    view: PageView,
    names: CookieNames,
    visit: Option<String>,
    status: StatusCode,
    is_private: bool,
    cookies: Vec<HeaderValue>,
}

/// What every template is given as `page`.
#[derive(Clone, Debug, Serialize)]
pub struct PageView {
    /// The shop's name.
    pub shop: String,
    /// The language of its texts.
    pub language: String,
    /// Its currency's code.
    pub currency: &'static str,
    /// What this page is about, for the window and for search engines.
    pub title: String,
    /// The same in a sentence or two.
    pub description: String,
    /// Where this page stands, whatever it was asked by.
    pub canonical: String,
    /// Its picture, for whoever shares it.
    pub image: String,
    /// Whether search engines may list it.
    pub is_listed: bool,
    /// Path and query it was asked by.
    pub asked: String,
    /// The shelves of the shop.
    pub shelves: Vec<ShelfView>,
    /// Who is signed in.
    pub person: Option<PersonView>,
    /// How many things lie in the cart.
    pub cart_units: u32,
    /// What is in the search box.
    pub query: String,
    /// The token of this page's forms.
    pub csrf: String,
    /// The texts of the shop: terms, privacy.
    pub texts: Vec<LinkView>,
    /// Whether no money moves here.
    pub is_demo: bool,
}

/// A shelf in the menu.
#[derive(Clone, Debug, Serialize)]
pub struct ShelfView {
    /// Its name.
    pub name: String,
    /// Its name in addresses.
    pub slug: String,
}

/// Something to click on.
#[derive(Clone, Debug, Serialize)]
pub struct LinkView {
    /// What is said.
    pub name: String,
    /// Where it leads.
    pub path: String,
}

/// Who is signed in.
#[derive(Clone, Debug, Serialize)]
pub struct PersonView {
    /// Their name.
    pub name: String,
    /// Their email.
    pub email: String,
    /// Whether they are staff.
    pub is_staff: bool,
    /// Whether they are an admin.
    pub is_admin: bool,
}

impl Frame {
    /// The frame of a page for whoever asks.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn of(shop: &Shop, caller: Option<Caller>, from: &Origin) -> Answer<Frame> {
        let terms = shop.reader.get::<settings::Shop>(ShopId::default())?.state;
        let headers = from.headers();
        let names = CookieNames::of(shop, headers);
        let session = cookies::value(headers, names.session);
        let visit = cookies::value(headers, names.visit).map(str::to_owned);
        let mut cookies = Vec::new();
        let has_ended =
            caller.is_none() && session.is_some_and(|cookie| shop.accounts.has_ended(cookie));
        if has_ended {
            cookies.push(names.unset(names.session));
        }
        let bound_to = session.filter(|_| !has_ended).or(visit.as_deref());
        let asked = from.asked().to_owned();
        let mut view = PageView {
            shop: terms.name.clone(),
            language: shop.settings.shop.language.clone(),
            currency: terms.currency.code(),
            title: terms.name.clone(),
            description: String::new(),
            canonical: public(&terms, asked.split('?').next().unwrap_or("/")),
            image: String::new(),
            is_listed: true,
            asked,
            shelves: shelves(shop)?,
            person: None,
            cart_units: 0,
            query: String::new(),
            csrf: String::new(),
            texts: texts(shop),
            is_demo: shop.settings.payments.gateway == crate::config::Gateway::Demo,
        };
        if let Some(cookie) = bound_to {
            view.csrf = csrf::token(&shop.key_secret, cookie, shop.clock.random());
        }
        if let Some(caller) = caller {
            let user = shop.reader.get::<User>(caller.user)?.state;
            view.cart_units = carts::units_in(shop, caller.user)?;
            view.person = Some(PersonView::of(&user, caller.role));
            if let Means::Session(session) = caller.means
                && shop.accounts.is_to_be_renewed(&user, session)
            {
                cookies.push(session_cookie(shop, names, (caller.user, session)));
                renew(shop, caller.user, session);
            }
        }
        let status = StatusCode::OK;
        let shop = shop.clone();
        Ok(Frame { shop, view, names, visit, status, is_private: false, cookies })
    }

    /// The frame of a page for somebody who has just signed in, whose browser has no cookie yet.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn for_session(shop: &Shop, signed_in: &SignedIn, from: &Origin) -> Answer<Frame> {
        let mut frame = Frame::of(shop, None, from)?;
        let SignedIn { user, session, .. } = signed_in;
        let cookie = shop.accounts.cookie_of(user.id, *session);
        let nonce = shop.clock.random();
        frame.view.csrf = csrf::token(&shop.key_secret, cookie.expose_secret(), nonce);
        frame.view.person = Some(PersonView::of(user, user.role));
        frame.view.cart_units = carts::units_in(shop, user.id)?;
        frame.cookies.clear();
        Ok(frame.private())
    }

    /// What the page is about, as the window says it.
    #[must_use]
    pub fn titled(mut self, title: impl Into<String>) -> Frame {
        self.view.title = title.into();
        self
    }

    /// What the page is about, for search engines and whoever shares it.
    #[must_use]
    pub fn described(mut self, description: &str) -> Frame {
        let mut words = description.split_whitespace();
        let mut short = words.next().unwrap_or_default().to_owned();
        for word in words {
            if short.chars().count() + word.chars().count() > DESCRIPTION_LETTERS_MAX {
                short.push('…');
                break;
            }
            short.push(' ');
            short.push_str(word);
        }
        self.view.description = short;
        self
    }

    /// Its picture: a path of ours, or an address.
    #[must_use]
    pub fn pictured(mut self, image: Option<&String>) -> Frame {
        let base = self.view.canonical.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
        self.view.image = match image {
            Some(path) if path.starts_with('/') => format!("{base}{path}"),
            Some(address) => address.clone(),
            None => String::new(),
        };
        self
    }

    /// The one address it is to be found at, with its query.
    #[must_use]
    pub fn canonical(mut self, path: &str) -> Frame {
        let base = self.view.canonical.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
        self.view.canonical = format!("{base}{path}");
        self
    }

    /// What is in the search box.
    #[must_use]
    pub fn searched(mut self, query: &str) -> Frame {
        query.clone_into(&mut self.view.query);
        self
    }

    /// Search engines leave it out.
    #[must_use]
    pub fn unlisted(mut self) -> Frame {
        self.view.is_listed = false;
        self
    }

    /// Nobody keeps it: it tells of a person.
    #[must_use]
    pub fn private(mut self) -> Frame {
        self.is_private = true;
        self.unlisted()
    }

    /// It is answered with this status.
    #[must_use]
    pub fn answered(mut self, status: StatusCode) -> Frame {
        self.status = status;
        self
    }

    /// It has a form that somebody may send who is not signed in.
    #[must_use]
    pub fn guarded(mut self) -> Frame {
        if self.view.csrf.is_empty() {
            let names = self.names;
            let visit = self.visit.clone().unwrap_or_else(|| {
                let made: [u8; 16] = self.shop.clock.random();
                made.iter().map(|byte| format!("{byte:02x}")).collect()
            });
            self.view.csrf = csrf::token(&self.shop.key_secret, &visit, self.shop.clock.random());
            self.cookies.push(names.set(names.visit, &visit, None));
        }
        self
    }

    /// An empty form on it. Where no form has a token, there is nothing to be carried out once.
    pub fn form(&self) -> FormView {
        if self.view.csrf.is_empty() {
            return FormView::default();
        }
        FormView::empty(self.shop.clock.new_id::<SessionId>().to_string())
    }

    /// The shelves of the menu.
    pub fn shelves(&self) -> &[ShelfView] {
        &self.view.shelves
    }

    /// Who is signed in.
    pub fn person(&self) -> Option<&PersonView> {
        self.view.person.as_ref()
    }

    /// Where a path of the shop is found from everywhere.
    pub fn public(&self, path: &str) -> String {
        let base = self.view.canonical.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
        format!("{base}{path}")
    }

    /// The page that this template makes of it.
    ///
    /// # Errors
    /// A fault, if the template asks for what it was not given.
    pub fn show(self, template: &str, it: &impl Serialize) -> Answer<PageAnswer> {
        let Frame { shop, view, status, is_private, cookies, .. } = self;
        let html = shop.web.render(template, &view, it).map_err(Problem::fault)?;
        let mut answer = PageAnswer::html(status, html);
        for cookie in cookies {
            answer = answer.with_cookie(cookie);
        }
        Ok(if is_private { answer.private() } else { answer })
    }
}

impl PersonView {
    fn of(user: &User, role: Role) -> PersonView {
        PersonView {
            name: user.username.clone(),
            email: user.email.clone(),
            is_staff: matches!(role, Role::Admin | Role::InventoryManager),
            is_admin: role == Role::Admin,
        }
    }
}

/// The cookie of somebody who is signed in, for as long as their session lasts unused.
pub fn session_cookie(
    shop: &Shop,
    names: CookieNames,
    (user, session): (UserId, SessionId),
) -> HeaderValue {
    let token = shop.accounts.cookie_of(user, session);
    let seconds = u64::from(shop.settings.auth.refresh_days) * SECONDS_A_DAY;
    names.set(names.session, token.expose_secret(), Some(seconds))
}

/// Lets a session live on that is used, once in a while; the page does not wait for it.
fn renew(shop: &Shop, user: UserId, session: SessionId) {
    let shop = shop.clone();
    actix_web::rt::spawn(async move {
        if let Err(error) = shop.accounts.renew(user, session).await {
            tracing::warn!(%error, "a session that is used could not be prolonged");
        }
    });
}

fn public(terms: &settings::Shop, path: &str) -> String {
    format!("{}{path}", terms.public_url.trim_end_matches('/'))
}

/// The shelves of the menu, by name: those at the top.
fn shelves(shop: &Shop) -> Answer<Vec<ShelfView>> {
    let tree = shop.shelves.tree()?;
    let view = |node: &CategoryNode| ShelfView { name: node.name.clone(), slug: node.slug.clone() };
    Ok(tree.top().take(SHELVES_MAX).map(view).collect())
}

fn texts(shop: &Shop) -> Vec<LinkView> {
    let link = |(name, title): (&str, &str)| LinkView {
        name: title.to_owned(),
        path: format!("/pages/{name}"),
    };
    shop.web.texts().map(link).collect()
}

/// Shelves in the menu; all others are found on the page of all.
const SHELVES_MAX: usize = 40;
/// What a search engine shows of a description.
const DESCRIPTION_LETTERS_MAX: usize = 155;
const SECONDS_A_DAY: u64 = 24 * 60 * 60;
