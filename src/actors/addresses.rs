//! Address books: messages to the users actor about the addresses of one account.
//!
//! Rules live in [`crate::domain::users`].

use std::sync::Arc;

use crate::domain::{
    ids::{AddressId, UserId},
    users::{AddressFields, Standing, User, UserRefusal},
};

use super::{
    Answers, Rejection, Request, Work,
    users::{Users, change},
};

/// Adds an address. Safe to send twice.
#[derive(Debug)]
pub struct AddAddress {
    /// Whose.
    pub user: UserId,
    /// The address to be.
    pub address: AddressId,
    /// What it says.
    pub fields: AddressFields,
    /// Whether it becomes the default.
    pub standing: Standing,
}

impl Request for AddAddress {
    type Value = Arc<User>;
}

/// Changes an address. `edit` sees what is there, so that unnamed fields stay. Safe to send twice.
pub struct ChangeAddress {
    /// Whose.
    pub user: UserId,
    /// Which.
    pub address: AddressId,
    /// Makes the new fields from the old.
    pub edit: Box<dyn FnOnce(AddressFields) -> AddressFields + Send>,
    /// Whether it becomes the default.
    pub standing: Standing,
}

impl Request for ChangeAddress {
    type Value = Arc<User>;
}

/// Removes an address; the oldest follows a removed default. Refused the second time.
#[derive(Debug)]
pub struct RemoveAddress {
    /// Whose.
    pub user: UserId,
    /// Which.
    pub address: AddressId,
}

impl Request for RemoveAddress {
    type Value = Arc<User>;
}

impl Answers<AddAddress> for Users {
    fn answer(&mut self, msg: AddAddress, work: &mut Work<'_>) -> Result<Arc<User>, Rejection> {
        let AddAddress { user, address, fields, standing } = msg;
        let changed = change(work, user, |user, _| user.add_address(address, fields, standing))?;
        work.made(ADDRESS, &address);
        Ok(changed)
    }
}

impl Answers<ChangeAddress> for Users {
    fn answer(&mut self, msg: ChangeAddress, work: &mut Work<'_>) -> Result<Arc<User>, Rejection> {
        let address = msg.address;
        let changed = change(work, msg.user, |user, _| {
            let there = user.addresses.get(&msg.address).ok_or(UserRefusal::UnknownAddress)?;
            user.change_address(msg.address, (msg.edit)(there.fields.clone()), msg.standing)
        })?;
        work.made(ADDRESS, &address);
        Ok(changed)
    }
}

impl Answers<RemoveAddress> for Users {
    fn answer(&mut self, msg: RemoveAddress, work: &mut Work<'_>) -> Result<Arc<User>, Rejection> {
        change(work, msg.user, |user, _| user.remove_address(msg.address))
    }
}

/// What an idempotency key says it made: an entry of the caller's address book.
const ADDRESS: &str = "address";
