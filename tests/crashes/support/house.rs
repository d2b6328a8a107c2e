//! A shop in this process, on a temporary directory, under a clock that a test moves.

use std::{fs, path::Path, sync::Arc, time::Duration};

use actix::Arbiter;
use bodega::{
    actors::{
        Rejection,
        addresses::AddAddress,
        assortment::{StockedVariant, WantedProduct},
        carts::PutInCart,
        checkout::Driven,
        purchases::{Wanted, WantedItem},
        users::RegisterUser,
    },
    clock::Clock,
    config::{Flags, Layers, Purpose, Settings},
    domain::{
        carts::Cart,
        catalogue::{Product, WantedVariant},
        demo_charge::DemoCharge,
        ids::{AddressId, CartId, OrderId, ProductId, UserId, VariantId},
        inventory::Ledger,
        money::{Currency, Money},
        orders::{CancelReason, Order, PaymentMethod},
        payments::Payment,
        quantity::Quantity,
        time::{Timestamp, Who},
        users::{AddressFields, PasswordHash, Registration, Role, Standing},
    },
    invariants,
    shop::Shop,
    store::{Silent, Store, StoreOptions, keys, registry, verify},
};
use tempfile::TempDir;

/// A shop that is open in this process.
pub struct House {
    pub shop: Shop,
    pub clock: Clock,
    dir: TempDir,
    arbiter: Arbiter,
    options: StoreOptions,
}

/// Somebody with an address.
#[derive(Clone, Copy, Debug)]
pub struct Shopper {
    pub user: UserId,
    pub address: AddressId,
}

/// Something for sale, in one variant.
#[derive(Clone, Copy, Debug)]
pub struct Ware {
    pub product: ProductId,
    pub variant: VariantId,
}

impl House {
    /// A new shop.
    pub async fn new() -> House {
        House::with(StoreOptions::default()).await
    }

    /// A new shop that keeps its data in this way.
    pub async fn with(options: StoreOptions) -> House {
        let low_water_bytes = options.low_water_bytes.min(1 << 20);
        let options = StoreOptions { low_water_bytes, ..options };
        let dir = tempfile::tempdir().expect("a temporary directory");
        let clock = Clock::stopped_at(Timestamp::from_millis(1_800_000_000_000));
        House::open(dir, clock, options).await
    }

    async fn open(dir: TempDir, clock: Clock, options: StoreOptions) -> House {
        let arbiter = Arbiter::new();
        let (store, _) = Store::open(dir.path(), registry(), options.clone(), &Silent)
            .expect("the directory is sound");
        let shop = Shop::over(store, clock.clone(), settings(dir.path()), &arbiter.handle())
            .await
            .expect("a shop over a sound store");
        House { shop, clock, dir, arbiter, options }
    }

    /// Where it keeps its data.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The same shop, closed and opened again.
    pub async fn reopened(self) -> House {
        let (clock, options) = (self.clock.clone(), self.options.clone());
        House::open(self.closed(), clock, options).await
    }

    /// Closes it; the data stays.
    pub fn closed(self) -> TempDir {
        let House { shop, dir, arbiter, .. } = self;
        shop.close().expect("the disk takes it");
        arbiter.stop();
        arbiter.join().expect("the owners' thread ends");
        dir
    }

    /// The shop as it would be found if this one had been killed at this moment. The journal is
    /// copied last: the state never knows more than the journal.
    pub async fn as_if_killed(&self) -> House {
        let dir = tempfile::tempdir().expect("a temporary directory");
        for part in ["state", "journal"] {
            let (from, to) = (self.dir.path().join(part), dir.path().join(part));
            fs::create_dir(&to).expect("a folder");
            for entry in fs::read_dir(from).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_file() {
                    // A file that is replaced meanwhile is as good as not there.
                    let _ = fs::copy(&path, to.join(path.file_name().expect("a name")));
                }
            }
        }
        House::open(dir, self.clock.clone(), self.options.clone()).await
    }

    /// Closes the shop and looks at everything that can be seen from its data.
    #[track_caller]
    pub fn must_be_sound(self) {
        let options = self.options.clone();
        let dir = self.closed();
        let checks = invariants::all();
        let report = verify(dir.path(), &registry(), options, &checks, &Silent);
        let report = report.expect("the journal can be read");
        assert_eq!(report.findings, []);
    }

    pub async fn shopper(&self, number: usize) -> Shopper {
        let shop = &self.shop;
        let registration = Registration {
            user: shop.clock.new_id(),
            username: format!("shopper{number}"),
            email: format!("shopper{number}@example.com"),
            phone: None,
            password: PasswordHash::new("not a hash: nobody signs in here".to_owned()),
            role: Role::Customer,
        };
        let register = RegisterUser { registration, session: None };
        let registered = shop.desks.users.ask(register, shop.intent(Who::Shop)).await;
        let user = registered.expect("a new name").id;
        let address: AddressId = shop.clock.new_id();
        let fields = AddressFields {
            full_name: "A Shopper".to_owned(),
            phone: "+1-555-0100".to_owned(),
            street: "1 Main Street".to_owned(),
            city: "Springfield".to_owned(),
            state: "OR".to_owned(),
            country: "US".to_owned(),
            postal_code: "97477".to_owned(),
        };
        let add = AddAddress { user, address, fields, standing: Standing::Default };
        let added = shop.desks.users.ask(add, shop.intent(Who::Customer(user))).await;
        added.expect("room for an address");
        Shopper { user, address }
    }

    pub async fn ware(&self, name: &str, units: u32) -> Ware {
        let only = WantedVariant::default();
        let wanted = WantedProduct {
            handle: None,
            is_active: true,
            name: name.to_owned(),
            description: String::new(),
            price: Money::of(499, Currency::USD).expect("a small amount"),
            category_ids: vec![],
            images: vec![],
            brand: None,
            options: vec![],
            variants: vec![StockedVariant { wanted: only, on_hand: Some(units) }],
        };
        let added = self.shop.assortment.add(wanted, self.shop.intent(Who::Shop)).await;
        let product: Arc<Product> = added.expect("a new name");
        let variant = product.only_variant().expect("it has one");
        Ware { product: product.id, variant }
    }

    /// Orders so many units of a ware at once.
    pub async fn order(
        &self,
        shopper: Shopper,
        ware: Ware,
        units: u32,
        token: Option<&str>,
    ) -> Result<Driven, Rejection> {
        let quantity = Quantity::new(units).expect("at least one");
        let item = WantedItem { product: ware.product, variant: None, quantity };
        self.shop.purchases.place(wish(shopper, Some(vec![item]), token)).await
    }

    /// Orders what is in the cart.
    pub async fn order_cart(
        &self,
        shopper: Shopper,
        token: Option<&str>,
    ) -> Result<Driven, Rejection> {
        self.shop.purchases.place(wish(shopper, None, token)).await
    }

    pub async fn put_in_cart(
        &self,
        shopper: Shopper,
        ware: Ware,
        units: u32,
    ) -> Result<(), Rejection> {
        let put = PutInCart {
            user: shopper.user,
            fresh: self.clock.new_id(),
            product: ware.product,
            variant: ware.variant,
            quantity: Quantity::new(units).expect("at least one"),
            available: self.ledger(ware).available(),
        };
        let intent = self.shop.intent(Who::Customer(shopper.user));
        self.shop.desks.carts.ask(put, intent).await.map(drop)
    }

    pub async fn cancel(&self, shopper: Shopper, order: OrderId) -> Result<Driven, Rejection> {
        let intent = self.shop.intent(Who::Customer(shopper.user));
        self.shop.purchases.cancel(order, CancelReason::Customer, intent).await
    }

    /// Time passes, and the shop looks after what waits.
    pub async fn minutes_later(&self, minutes: u64) {
        self.clock.advance(Duration::from_secs(60 * minutes));
        self.shop
            .purchases
            .sweep(bodega::actors::purchases::Sweep::Due)
            .await
            .expect("the store can be read");
    }

    pub fn ledger(&self, ware: Ware) -> Arc<Ledger> {
        self.shop.reader.get::<Ledger>(ware.variant).expect("the store can be read").state
    }

    /// On hand and reserved.
    pub fn shelf(&self, ware: Ware) -> (u32, u32) {
        let ledger = self.ledger(ware);
        (ledger.on_hand, ledger.reserved)
    }

    pub fn order_now(&self, order: OrderId) -> Arc<Order> {
        self.shop.reader.get::<Order>(order).expect("the store can be read").state
    }

    pub fn payment_of(&self, order: OrderId) -> Arc<Payment> {
        let payment = self.order_now(order).payment.expect("each order names its payment");
        self.shop.reader.get::<Payment>(payment).expect("the store can be read").state
    }

    /// Units of a ware in somebody's cart.
    pub fn units_in_cart(&self, shopper: Shopper, ware: Ware) -> u32 {
        self.cart(shopper).units_of(ware.variant)
    }

    pub fn cart(&self, shopper: Shopper) -> Arc<Cart> {
        let row = self.shop.reader.row(&keys::cart_of(shopper.user)).expect("readable");
        let id: Option<CartId> = row.and_then(|value| keys::held_by(&value));
        id.map_or(Arc::default(), |id| self.shop.reader.get::<Cart>(id).expect("readable").state)
    }

    /// What the bank took and gave back for an order: one line a charge that took something.
    pub fn bank(&self, order: OrderId) -> Vec<(Money, Money)> {
        let charges = self.shop.reader.all::<DemoCharge>().map(|entry| entry.expect("readable"));
        let of_it = charges.filter(|(_, charge)| {
            charge.state.asked.as_ref().is_some_and(|asked| asked.order == order)
                && !charge.state.captured.is_zero()
        });
        of_it
            .map(|(_, charge)| {
                let refunded = charge.state.refunded().expect("one currency");
                (charge.state.captured, refunded)
            })
            .collect()
    }
}

/// What the rules said no with.
pub fn refused<T: std::fmt::Debug>(asked: Result<T, Rejection>) -> &'static str {
    match asked {
        Err(Rejection::Refused(refusal)) => refusal.code(),
        other => panic!("not refused: {other:?}"),
    }
}

fn wish(shopper: Shopper, items: Option<Vec<WantedItem>>, token: Option<&str>) -> Wanted {
    Wanted {
        user: shopper.user,
        address: shopper.address,
        items,
        amount: None,
        method: if token.is_some() { PaymentMethod::Card } else { PaymentMethod::None },
        token: token.map(str::to_owned),
        key: None,
    }
}

fn settings(dir: &Path) -> Settings {
    let flags = Flags { data_dir: Some(dir.display().to_string()), ..Flags::default() };
    Settings::from_layers(&Layers::gather(&flags, [], Purpose::Demo)).expect("sound defaults")
}
