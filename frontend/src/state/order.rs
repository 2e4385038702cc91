//! The order that is open, and its account pairs.

use leptos::{prelude::*, task::spawn_local};
use mailferry_shared::{
    account::{AccountPair, LoginState, Side, SideName},
    ids::OrderId,
    order::{Language, Order, OrderAction, OrderChange, ProviderChoice},
};

use super::{Load, checking::Checking, poll::Kick, typed::Typed};
use crate::api::{self, ApiError, Polled};

/// An open order, in the context of all its steps.
#[derive(Clone, Copy)]
pub(crate) struct OrderContext {
    /// Its number.
    pub(crate) id: OrderId,
    /// The order as last read.
    pub(crate) order: RwSignal<Order>,
    /// Its account pairs as last read.
    pub(crate) accounts: RwSignal<Load<Vec<AccountPair>>>,
    /// The check under way, if any.
    pub(crate) checking: Checking,
    /// True once the service has said that whoever looks may not see it any more: the link was replaced or has ended,
    /// or the order was deleted.
    pub(crate) lost: RwSignal<bool>,
    /// True once the order was deleted from here, which is told in its own words.
    pub(crate) deleted: RwSignal<bool>,
    /// What was typed and not sent yet; aside, so that the context itself stays small.
    typed: StoredValue<Typed>,
    /// Asks for fresh account pairs at once.
    pub(crate) kick: Kick,
}

/// The order opened last. It outlives the views: they may be made anew, and nothing that was typed is lost.
#[derive(Clone, Copy)]
pub(crate) struct OpenOrder {
    owner: StoredValue<Owner>,
    context: StoredValue<Option<OrderContext>>,
}

impl OpenOrder {
    pub(crate) fn provide() -> Self {
        let owner = Owner::current().unwrap_or_default();
        let open = Self { owner: StoredValue::new(owner), context: StoredValue::new(None) };
        provide_context(open);
        open
    }

    pub(crate) fn get() -> Self {
        expect_context()
    }

    /// The order `id`, if it is the one that is open.
    pub(crate) fn find(self, id: OrderId) -> Option<OrderContext> {
        self.context.get_value().filter(|context| context.id == id && !context.lost.get_untracked())
    }

    /// Opens `order` in the place of the one before.
    pub(crate) fn open(self, order: Order) -> OrderContext {
        let context = self.owner.with_value(|owner| owner.with(|| OrderContext::new(order)));
        self.context.set_value(Some(context));
        context
    }

    /// Makes something else that outlives the views.
    pub(crate) fn beside<T>(self, make: impl FnOnce() -> T) -> T {
        self.owner.with_value(|owner| owner.with(make))
    }

    /// Lets the open order's mails be written in `language`, as long as it may be changed.
    pub(crate) fn set_language(self, language: Language) {
        let Some(context) = self.context.get_value() else { return };
        let is_new = context.order.with_untracked(|order| order.language != language);
        if is_new && untrack(|| context.allows(OrderAction::Change)) {
            context.typed().language.set(language);
            spawn_local(async move {
                let change = OrderChange { language: Some(language), ..OrderChange::default() };
                // The step that changes the order next says it again.
                if let Ok(order) = api::change_order(context.id, &change).await {
                    context.order.try_set(order);
                }
            });
        }
    }
}

impl OrderContext {
    /// Opens `order`.
    pub(crate) fn new(order: Order) -> Self {
        let typed = Typed::of(&order);
        Self {
            id: order.id,
            order: RwSignal::new(order),
            accounts: RwSignal::new(Load::Loading),
            checking: Checking::new(),
            lost: RwSignal::new(false),
            deleted: RwSignal::new(false),
            typed: StoredValue::new(typed),
            kick: Kick::new(),
        }
    }

    /// What was typed and not sent yet.
    pub(crate) fn typed(self) -> Typed {
        self.typed.get_value()
    }

    /// The provider chosen for a side.
    pub(crate) fn choice(self, side: SideName) -> Option<ProviderChoice> {
        self.order.with(|order| match side {
            SideName::Source => order.source.clone(),
            SideName::Destination => order.destination.clone(),
        })
    }

    /// True if the order allows `action` now.
    pub(crate) fn allows(self, action: OrderAction) -> bool {
        self.order.with(|order| order.actions.contains(&action))
    }

    /// Reads the order again; a failure leaves what was known, unless it says that it may not be known any more.
    pub(crate) fn refresh(self) {
        spawn_local(async move {
            match api::read_order(self.id).await {
                Ok(order) => self.order.try_set(order).map_or((), drop),
                Err(error) => self.note_lost(&error),
            }
        });
    }

    /// Hears whether what was asked for may not be seen any more.
    pub(crate) fn note_lost(self, error: &ApiError) {
        if error.is_locked_out() && self.deleted.try_get_untracked() == Some(false) {
            self.lost.try_set(true);
        }
    }

    /// Reads the account pairs once.
    pub(crate) async fn load_accounts(self) {
        match api::poll_accounts(self.id, None).await {
            Ok(Polled::New(list, _)) => {
                self.accounts.try_set(Load::Ready(list.items));
            }
            Ok(Polled::Same) => {}
            Err(error) => self.note_accounts_error(error),
        }
    }

    /// Shows the error only where there is nothing better to show.
    fn note_accounts_error(self, error: ApiError) {
        self.note_lost(&error);
        if self.accounts.try_with_untracked(|accounts| accounts.ready().is_none()) == Some(true) {
            self.accounts.try_set(Load::Failed(error));
        }
    }

    /// The account pairs, empty until read.
    pub(crate) fn pairs(self) -> Vec<AccountPair> {
        self.accounts.with(|accounts| accounts.ready().cloned().unwrap_or_default())
    }

    /// Puts a pair in its place, or at the end, and reads the order's sums again.
    pub(crate) fn put_pair(self, pair: AccountPair) {
        self.put_pair_quietly(pair);
        self.refresh();
    }

    /// Puts a pair in its place, or at the end.
    pub(crate) fn put_pair_quietly(self, pair: AccountPair) {
        self.accounts.try_update(|accounts| match accounts {
            Load::Ready(pairs) => match pairs.iter_mut().find(|known| known.id == pair.id) {
                Some(known) => *known = pair,
                None => pairs.push(pair),
            },
            _ => *accounts = Load::Ready(vec![pair]),
        });
    }
}

/// True while a login is being tried.
pub(crate) fn is_checking(pair: &AccountPair) -> bool {
    [&pair.source, &pair.destination].into_iter().any(|side| side.login == LoginState::Checking)
}

/// True while what lies in an account that could be opened is being counted: there is neither a count nor a reason why
/// there is none.
pub(crate) fn is_counting(side: &Side) -> bool {
    side.login == LoginState::Passed && side.survey.is_none() && side.findings.is_empty()
}

/// True while a login is being tried or an account that could be opened is being counted.
pub(crate) fn is_moving(pair: &AccountPair) -> bool {
    is_checking(pair) || [&pair.source, &pair.destination].into_iter().any(is_counting)
}
