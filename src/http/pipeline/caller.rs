//! Callers: who asks, by their token or cookie, and whether they may.

use actix_web::{HttpRequest, http::header};

use super::Pipeline;
use crate::{
    accounts::Means,
    http::{
        access::{Access, Caller, Unauthenticated},
        problem::Problem,
        table::Operation,
    },
};

impl<S> Pipeline<S> {
    /// Who is calling, if they may. A token that is no good does not keep anybody from what is
    /// public: signing in again must work with an old token at hand.
    pub(super) fn identified(
        &self,
        operation: &Operation<S>,
        request: &HttpRequest,
    ) -> Result<Option<Caller>, Problem> {
        let access = operation.access;
        let by_token = match bearer_token(request) {
            // A page is asked for by a browser, which has cookies and no tokens.
            Some(token) if !operation.is_page => Some(self.identify.identify(token)),
            Some(_) | None => None,
        };
        let by_cookie = || {
            let pages = self.pages.as_ref().filter(|_| operation.takes_cookie)?;
            pages.caller(request.headers())
        };
        let Some(caller) = by_token.or_else(by_cookie) else {
            return match access {
                Access::Public => Ok(None),
                Access::Customer | Access::Staff | Access::Admin => Err(Problem::unauthenticated(
                    "authentication_required",
                    "sign in and send the access token",
                )),
            };
        };
        match caller {
            Ok(caller) => match may(caller, operation) {
                Ok(()) => Ok(Some(caller)),
                // To what is public a key without the scope is a stranger.
                Err(_) if access == Access::Public => Ok(None),
                Err(problem) => Err(problem),
            },
            Err(_) if access == Access::Public => Ok(None),
            Err(why) => Err(refusal_of(why)),
        }
    }
}

/// Whether somebody known may call an operation: a program only within its key's scopes, and
/// everybody only in their role.
fn may<S>(caller: Caller, operation: &Operation<S>) -> Result<(), Problem> {
    if let Means::Key { scopes, .. } = caller.means {
        let Some(scope) = operation.scope else { return Err(Problem::person_only()) };
        if !scopes.holds(scope) {
            return Err(Problem::scope_required(scope.name()));
        }
    }
    if operation.access.admits(caller.role) { Ok(()) } else { Err(Problem::forbidden()) }
}

fn bearer_token(request: &HttpRequest) -> Option<&str> {
    let value = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

fn refusal_of(why: Unauthenticated) -> Problem {
    match why {
        Unauthenticated::Invalid => {
            Problem::unauthenticated("invalid_token", "this access token is not valid")
        }
        Unauthenticated::Expired => {
            Problem::unauthenticated("token_expired", "this access token has expired")
        }
        Unauthenticated::SessionEnded => {
            Problem::unauthenticated("session_ended", "this session has ended; sign in again")
        }
        Unauthenticated::KeyEnded => Problem::unauthenticated(
            "key_ended",
            "this API key was revoked or has expired, or the account it acted for is gone",
        ),
        Unauthenticated::Unavailable => Problem::busy("who you are cannot be checked right now"),
    }
}
