//! Access: who may ask, as a type in the handler's signature.
//!
//! A handler that takes a [`Staff`] cannot be reached by anybody else: the pipeline compares the
//! caller with [`Who::ACCESS`] before the handler's arguments are made.

use std::ops::Deref;

use crate::{
    accounts::Means,
    domain::{
        ids::{SessionId, UserId},
        time,
        users::Role,
    },
};

/// Who may use an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everybody.
    Public,
    /// Anybody who is signed in.
    Customer,
    /// Inventory managers and admins.
    Staff,
    /// Admins.
    Admin,
}

impl Access {
    /// Whether somebody with this role is let in.
    pub fn admits(self, role: Role) -> bool {
        match self {
            Access::Public | Access::Customer => true,
            Access::Staff => matches!(role, Role::Admin | Role::InventoryManager),
            Access::Admin => role == Role::Admin,
        }
    }
}

/// Somebody who is signed in, checked against the committed state of their session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The account.
    pub user: UserId,
    /// Its role now, whatever it was when the token was made.
    pub role: Role,
    /// What they are known by: the session of a person, or a key of a program.
    pub means: Means,
}

impl Caller {
    /// Who an event of theirs was caused by.
    pub fn as_cause(&self) -> time::Who {
        match self.role {
            Role::Customer => time::Who::Customer(self.user),
            Role::Admin | Role::InventoryManager => time::Who::Staff(self.user),
        }
    }
}

/// Tells who a token belongs to.
pub trait Identify: Send + Sync {
    /// The caller behind a bearer token, if it is good now.
    ///
    /// # Errors
    /// Why it is not.
    fn identify(&self, token: &str) -> Result<Caller, Unauthenticated>;
}

/// Why a token does not say who is calling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unauthenticated {
    /// Not a token of ours, or tampered with.
    Invalid,
    /// Its time is over.
    Expired,
    /// The API key was revoked, has expired, or the account it acts for is gone.
    KeyEnded,
    /// Its session has ended: signed out, password changed, account deleted.
    SessionEnded,
    /// It cannot be told now.
    Unavailable,
}

/// An argument of a handler that says who may call it.
pub trait Who: Sized {
    /// Who is let in.
    const ACCESS: Access;
    /// The argument for a caller that [`Who::ACCESS`] admits.
    fn admitted(caller: Option<Caller>) -> Option<Self>;
}

/// Everybody; whoever is signed in is known nevertheless.
#[derive(Clone, Copy, Debug)]
pub struct Public(pub Option<Caller>);

/// Anybody who is signed in.
#[derive(Clone, Copy, Debug)]
pub struct Customer(pub Caller);

/// A person who is signed in, never a program: for what belongs to a session.
#[derive(Clone, Copy, Debug)]
pub struct Person {
    /// Who.
    pub caller: Caller,
    /// In which session.
    pub session: SessionId,
}

/// An inventory manager or an admin.
#[derive(Clone, Copy, Debug)]
pub struct Staff(pub Caller);

/// An admin.
#[derive(Clone, Copy, Debug)]
pub struct Admin(pub Caller);

impl Public {
    /// Who an event of theirs was caused by.
    pub fn as_cause(&self) -> time::Who {
        self.0.map_or(time::Who::Visitor, |caller| caller.as_cause())
    }

    /// Whether staff is looking, who may see what is not for sale.
    pub fn is_staff(&self) -> bool {
        self.0.is_some_and(|caller| Access::Staff.admits(caller.role))
    }
}

impl Who for Public {
    const ACCESS: Access = Access::Public;
    fn admitted(caller: Option<Caller>) -> Option<Public> {
        Some(Public(caller))
    }
}

impl Who for Customer {
    const ACCESS: Access = Access::Customer;
    fn admitted(caller: Option<Caller>) -> Option<Customer> {
        caller.map(Customer)
    }
}

impl Who for Person {
    const ACCESS: Access = Access::Customer;
    fn admitted(caller: Option<Caller>) -> Option<Person> {
        let caller = caller?;
        match caller.means {
            Means::Session(session) => Some(Person { caller, session }),
            Means::Key { .. } => None,
        }
    }
}

impl Who for Staff {
    const ACCESS: Access = Access::Staff;
    fn admitted(caller: Option<Caller>) -> Option<Staff> {
        caller.filter(|caller| Self::ACCESS.admits(caller.role)).map(Staff)
    }
}

impl Who for Admin {
    const ACCESS: Access = Access::Admin;
    fn admitted(caller: Option<Caller>) -> Option<Admin> {
        caller.filter(|caller| Self::ACCESS.admits(caller.role)).map(Admin)
    }
}

impl Deref for Customer {
    type Target = Caller;
    fn deref(&self) -> &Caller {
        &self.0
    }
}

impl Deref for Person {
    type Target = Caller;
    fn deref(&self) -> &Caller {
        &self.caller
    }
}

impl Deref for Staff {
    type Target = Caller;
    fn deref(&self) -> &Caller {
        &self.0
    }
}

impl Deref for Admin {
    type Target = Caller;
    fn deref(&self) -> &Caller {
        &self.0
    }
}
