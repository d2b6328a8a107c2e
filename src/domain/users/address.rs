//! Addresses: a user's address book.
//!
//! Invariant: if there is an address, exactly one is the default.

use serde::{Deserialize, Serialize};

use super::{User, UserEvent, UserRefusal};
use crate::domain::{ids::AddressId, time::Timestamp};

/// What an address says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddressFields {
    /// Who receives the parcel.
    pub full_name: String,
    /// How to call them.
    pub phone: String,
    /// Street and house.
    pub street: String,
    /// City.
    pub city: String,
    /// State or region.
    pub state: String,
    /// Country.
    pub country: String,
    /// Postal code.
    pub postal_code: String,
}

/// An entry of the address book.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// Which address.
    pub id: AddressId,
    /// What it says.
    pub fields: AddressFields,
    /// Whether it is the one that is used when none is named.
    pub is_default: bool,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it last changed what it says.
    pub updated_at: Timestamp,
}

/// Whether an address is wished to be the default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// No wish: it stays what it is, and the first address is the default anyway.
    #[default]
    Ordinary,
    /// It shall be the default, and no other.
    Default,
}

impl User {
    /// The address book: the default first, then the newest.
    pub fn address_book(&self) -> Vec<&Address> {
        let mut book: Vec<&Address> = self.addresses.values().collect();
        book.sort_by_key(|address| (address.is_default, address.created_at, address.id));
        book.reverse();
        book
    }

    /// Adds an address. The first one is the default.
    pub fn add_address(
        &self,
        address: AddressId,
        fields: AddressFields,
        standing: Standing,
    ) -> Result<Vec<UserEvent>, UserRefusal> {
        self.must_exist()?;
        match self.addresses.get(&address) {
            Some(there) if there.fields == fields => return Ok(vec![]),
            Some(_) => return Err(UserRefusal::AddressExists),
            None => {}
        }
        if self.addresses.len() >= ADDRESSES_MAX {
            return Err(UserRefusal::TooManyAddresses);
        }
        let is_default = self.addresses.is_empty() || standing == Standing::Default;
        Ok(vec![UserEvent::AddressAdded { address, fields, is_default }])
    }

    /// Changes what an address says, and perhaps makes it the default.
    pub fn change_address(
        &self,
        address: AddressId,
        fields: AddressFields,
        standing: Standing,
    ) -> Result<Vec<UserEvent>, UserRefusal> {
        let there = self.addresses.get(&address).ok_or(UserRefusal::UnknownAddress)?;
        let mut events = vec![];
        if there.fields != fields {
            events.push(UserEvent::AddressChanged { address, fields });
        }
        if standing == Standing::Default && !there.is_default {
            events.push(UserEvent::AddressMadeDefault { address });
        }
        Ok(events)
    }

    /// Removes an address. If it was the default, the oldest of the others becomes it.
    pub fn remove_address(&self, address: AddressId) -> Result<Vec<UserEvent>, UserRefusal> {
        let gone = self.addresses.get(&address).ok_or(UserRefusal::UnknownAddress)?;
        let mut events = vec![UserEvent::AddressRemoved { address }];
        let others = self.addresses.values().filter(|other| other.id != address);
        let oldest = others.min_by_key(|other| (other.created_at, other.id));
        if let Some(heir) = oldest.filter(|_| gone.is_default) {
            events.push(UserEvent::AddressMadeDefault { address: heir.id });
        }
        Ok(events)
    }

    pub(super) fn insert_address(
        &mut self,
        id: AddressId,
        fields: &AddressFields,
        is_default: bool,
        at: Timestamp,
    ) {
        let fields = fields.clone();
        let entry = Address { id, fields, is_default: false, created_at: at, updated_at: at };
        self.addresses.insert(id, entry);
        if is_default {
            self.make_default(id);
        }
    }

    pub(super) fn make_default(&mut self, id: AddressId) {
        if self.addresses.contains_key(&id) {
            self.addresses.values_mut().for_each(|address| address.is_default = address.id == id);
        }
    }

    pub(super) fn check_addresses(&self) -> Result<(), &'static str> {
        let defaults = self.addresses.values().filter(|address| address.is_default).count();
        if defaults != usize::from(!self.addresses.is_empty()) {
            return Err("exactly one address is the default, if there is one");
        }
        if self.addresses.len() > ADDRESSES_MAX {
            return Err("an address book has a limit");
        }
        Ok(())
    }
}

/// Entries of one address book.
pub const ADDRESSES_MAX: usize = 50;
