//! A canary password goes in on every way there is, also to servers that repeat it, and is found nowhere: not in answers,
//! not in the log at any level, not in mails or numbers, and not in the database, on either kind.
#![expect(clippy::print_stdout, reason = "how much was searched")]

mod echo;
mod people;
mod search;
mod servers;
mod ways;

use std::cell::RefCell;

use mailferry_server::metrics;

use self::{
    search::{Heap, search_database},
    servers::Servers,
};
use crate::{
    caught::Log,
    harness::{Service, on_each},
    moving::Worker,
    resellers::until,
};

/// Puts the canary in on every way: the path of an order that it went through, and how many ways.
async fn go_through(service: &Service, servers: &Servers) -> (String, usize) {
    let working = Worker::start(service);
    let (order, ways) = ways::into_an_order(service, servers).await;
    let echoed = ways::to_servers_that_repeat_it(service, servers).await;
    let people = people::members(service, servers).await + people::requests(service).await;
    people::lost_link(service, servers).await;
    let number = order.rsplit('/').next().expect("its number");
    let told = async || {
        let mails = servers.mails.mails().expect("mails");
        mails.iter().any(|mail| mail.text.contains(number)).then_some(())
    };
    until("a mail about the order", told).await;
    working.stop().await;
    let answered = service.answered.lock().expect("no panic").clone();
    Heap::of(answered.as_bytes()).must_not_hold("c@x.example", "an answer");
    println!("canary: {} bytes of answers", answered.len());
    (order, ways + echoed + people)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_found_nowhere() {
    let numbers = metrics::install().expect("nobody else counts");
    let log = Log::catch();
    let servers = Servers::start();
    let through = RefCell::new(Vec::new());
    on_each(async |database| {
        let service = Service::start_with(database, |settings| servers.open(settings)).await;
        let went = go_through(&service, &servers).await;
        through.borrow_mut().push(went);
        println!("canary: {}", search_database(&service, "berta"));
        service.stop().await;
    })
    .await;
    let logged = log.bytes();
    let mails = servers.mails.mails().expect("mails");
    let written: String = mails.iter().flat_map(|mail| [&mail.subject, &mail.text, &mail.html]).cloned().collect();
    for (order, ways) in through.into_inner() {
        Heap::of(&logged).must_not_tell(&order, "the log");
        let number = order.rsplit('/').next().expect("its number");
        Heap::of(written.as_bytes()).must_not_hold(number, "a mail");
        println!("canary: {ways} ways in, order {number}");
    }
    Heap::of(numbers.render().as_bytes()).must_not_tell("mailferry_http_requests_total", "the numbers");
    println!("canary: {} bytes of log at trace, {} mails, the numbers; found: 0", logged.len(), mails.len());
}
