//! Telling: from what happened to those whose business it is, and out to them when a round ends.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use super::{ClientId, Event, Hub};
use crate::{
    store::{Reader, Seq, StoreFault},
    subscribers::{
        live::outgoing::{next_due, numbers_every},
        public::{self, Concerned},
    },
};

/// What came of a round.
pub(in crate::subscribers::live) struct SentOut {
    /// How many were told something.
    pub told: u32,
    /// When the next of what waits is due, if anything does.
    pub due: Option<Duration>,
}

impl Hub {
    pub(super) fn route(
        &mut self,
        seq: Seq,
        event: &Arc<Event>,
        reader: &Reader,
    ) -> Result<(), StoreFault> {
        let mut those: Vec<ClientId> = self.staff.iter().copied().collect();
        if self.customers_hear_of(&event.happened.kind) {
            let Concerned { user, cart, product, variant } = *event.concerned(reader)?;
            let by_user = user.and_then(|user| self.users.get(&user));
            let by_cart = cart.and_then(|cart| self.carts.get(&cart));
            let followed = product.filter(|product| self.products.contains_key(product));
            match (followed, variant) {
                // To those who only look at it, stock is a number: the last one is enough.
                (Some(product), Some(variant)) if event.is_number_of_stock() => {
                    self.numbers.insert(variant, (product, seq, Arc::clone(event)));
                }
                _ => {
                    those.extend(followed.into_iter().flat_map(|product| &self.products[&product]))
                }
            }
            those.extend([by_user, by_cart].into_iter().flatten().flatten());
            those.sort_unstable();
            those.dedup();
        }
        for id in those {
            let Some(client) = self.clients.get_mut(&id).filter(|client| seq > client.after) else {
                continue;
            };
            if event.sent_to(seq, &client.viewer, reader)?.is_some() {
                self.round.extend(client.next.is_empty().then_some(id));
                client.next.add(seq, event);
            }
        }
        Ok(())
    }

    /// Hands the numbers of this round to those who follow them.
    pub(super) fn hand_out_numbers(&mut self) {
        for (variant, (product, seq, event)) in std::mem::take(&mut self.numbers) {
            for id in self.products.get(&product).into_iter().flatten() {
                let Some(client) = self.clients.get_mut(id) else { continue };
                if seq > client.after && client.viewer.types.take(public::NUMBER_OF_STOCK) {
                    self.round.extend(client.next.is_empty().then_some(*id));
                    client.next.add_number(seq, &event, variant);
                }
            }
        }
    }

    /// Sends everybody what waits for them and whose moment has come; whoever does not keep up is
    /// let go. How many there was something for, and when the next of what waits is due.
    pub fn send_out(
        &mut self,
        position: Seq,
        now: Duration,
        reader: &Reader,
    ) -> Result<SentOut, StoreFault> {
        self.hand_out_numbers();
        let every = numbers_every(self.clients.len());
        let (mut told, mut slow) = (0, Vec::new());
        let (mut due, mut waits): (Option<Duration>, Option<Seq>) = (None, None);
        for id in std::mem::take(&mut self.round) {
            let Some(client) = self.clients.get_mut(&id) else { continue };
            if client.next.may_wait() && now < client.numbers_due {
                due = due.into_iter().chain([client.numbers_due]).min();
                waits = waits.into_iter().chain(client.next.first()).min();
                self.round.push(id);
                continue;
            }
            told += 1;
            if client.next.has_numbers() {
                client.numbers_due = next_due(client.numbers_due, now, id, every);
            }
            if !client.send(reader)? {
                slow.push(id);
            }
        }
        for id in slow {
            self.leave(id);
            self.dropped.increment(1);
        }
        self.taken = self.taken.max(position);
        // Nobody is said to have what waits for them.
        let reached = waits.map_or(self.taken, |first| self.taken.min(first.saturating_sub(1)));
        self.reached.store(reached, Ordering::Release);
        Ok(SentOut { told, due })
    }
}
