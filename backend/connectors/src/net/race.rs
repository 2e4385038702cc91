//! Which of a host's addresses answers: one after the other, but none waits for a silent one to give up (RFC 8305, "happy
//! eyeballs"). A broken IPv6 costs a moment, not a time-out.

use std::{net::IpAddr, time::Duration};

use futures::{StreamExt, stream::FuturesUnordered};
use tokio::time::timeout;

/// When an address has been silent for this long, the next one is tried as well (RFC 8305 section 5).
const HEAD_START: Duration = Duration::from_millis(250);

/// The addresses in the order in which they are tried: as the resolver gave them, but the families take turns.
fn in_turns(addresses: Vec<IpAddr>) -> Vec<IpAddr> {
    let first_is_v6 = addresses.first().is_some_and(IpAddr::is_ipv6);
    let (one, other): (Vec<_>, Vec<_>) = addresses.into_iter().partition(|address| address.is_ipv6() == first_is_v6);
    let (mut one, mut other) = (one.into_iter(), other.into_iter());
    let mut turns = Vec::new();
    loop {
        let pair = [one.next(), other.next()];
        if pair == [None, None] {
            return turns;
        }
        turns.extend(pair.into_iter().flatten());
    }
}

/// What the first address gives that gives anything; else the last error, `None` only without any address.
pub(super) async fn first<T, E, F>(addresses: Vec<IpAddr>, connect: impl Fn(IpAddr) -> F) -> Result<T, Option<E>>
where
    F: Future<Output = Result<T, E>>,
{
    let mut left = in_turns(addresses).into_iter();
    let mut trying = FuturesUnordered::new();
    let mut error = None;
    loop {
        trying.extend(left.next().map(&connect));
        let answered = if left.len() == 0 { Ok(trying.next().await) } else { timeout(HEAD_START, trying.next()).await };
        match answered {
            Ok(Some(Ok(connected))) => return Ok(connected),
            Ok(Some(Err(refused))) => error = Some(refused),
            Ok(None) => return Err(error),
            // Silent so far.
            Err(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    fn addresses(texts: &[&str]) -> Vec<IpAddr> {
        texts.iter().map(|text| text.parse().expect("an address")).collect()
    }

    #[test]
    fn the_families_take_turns_beginning_with_what_the_resolver_prefers() {
        let turns =
            |texts: &[&str]| in_turns(addresses(texts)).iter().map(IpAddr::to_string).collect::<Vec<_>>().join(" ");
        assert_eq!(turns(&["::1", "::2", "::3", "10.0.0.1", "10.0.0.2"]), "::1 10.0.0.1 ::2 10.0.0.2 ::3");
        assert_eq!(turns(&["10.0.0.1", "10.0.0.2", "::1"]), "10.0.0.1 ::1 10.0.0.2");
        assert_eq!(turns(&[]), "");
    }

    #[tokio::test]
    async fn a_silent_address_does_not_keep_the_next_from_being_tried() {
        let tried = Mutex::new(Vec::new());
        let connect = |address: IpAddr| {
            tried.lock().expect("nobody panicked").push(address);
            async move {
                match address.to_string().as_str() {
                    "::1" => std::future::pending().await,
                    "10.0.0.1" => Err("refused"),
                    _ => Ok(address),
                }
            }
        };
        let found = first(addresses(&["::1", "10.0.0.1", "10.0.0.2", "10.0.0.3"]), connect).await;
        assert_eq!(found, Ok("10.0.0.2".parse().expect("an address")));
        assert_eq!(*tried.lock().expect("nobody panicked"), addresses(&["::1", "10.0.0.1", "10.0.0.2"]));
    }

    #[tokio::test]
    async fn the_last_refusal_is_told_once_every_address_has_answered() {
        let refuse = async |address: IpAddr| Err::<(), _>(address.to_string());
        assert_eq!(first(addresses(&["::1", "10.0.0.1"]), refuse).await, Err(Some("10.0.0.1".to_owned())));
        assert_eq!(first(Vec::new(), refuse).await, Err(None));
    }
}
