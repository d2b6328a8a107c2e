//! Identify: the shop tells the pipeline who a token or a key belongs to.

use super::access::{Caller, Identify, Unauthenticated};
use crate::{
    accounts::{Identified, Unidentified},
    shop::Shop,
};

impl Identify for Shop {
    fn identify(&self, token: &str) -> Result<Caller, Unauthenticated> {
        match self.accounts.identify(token) {
            Ok(Identified { user, role, means }) => Ok(Caller { user, role, means }),
            Err(Unidentified::Invalid) => Err(Unauthenticated::Invalid),
            Err(Unidentified::Expired) => Err(Unauthenticated::Expired),
            Err(Unidentified::SessionEnded) => Err(Unauthenticated::SessionEnded),
            Err(Unidentified::KeyEnded) => Err(Unauthenticated::KeyEnded),
            Err(Unidentified::Unavailable) => Err(Unauthenticated::Unavailable),
        }
    }
}
