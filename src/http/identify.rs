//! Identify: the shop tells the pipeline who a token belongs to.

use super::access::{Caller, Identify, Unauthenticated};
use crate::{
    accounts::{Identified, Unidentified},
    shop::Shop,
};

impl Identify for Shop {
    fn identify(&self, token: &str) -> Result<Caller, Unauthenticated> {
        match self.accounts.identify(token) {
            Ok(Identified { user, session, role }) => Ok(Caller { user, role, session }),
            Err(Unidentified::Invalid) => Err(Unauthenticated::Invalid),
            Err(Unidentified::Expired) => Err(Unauthenticated::Expired),
            Err(Unidentified::SessionEnded) => Err(Unauthenticated::SessionEnded),
            Err(Unidentified::Unavailable) => Err(Unauthenticated::Unavailable),
        }
    }
}

impl From<Caller> for Identified {
    fn from(caller: Caller) -> Identified {
        let Caller { user, role, session } = caller;
        Identified { user, session, role }
    }
}
