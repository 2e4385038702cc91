use clap::Parser;
use mailferry_domain::order::Terms;

use super::*;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    serve: ServeArgs,
}

fn parse(args: &[&str]) -> Result<ServeArgs, String> {
    let line = std::iter::once("mailferry").chain(args.iter().copied());
    Line::try_parse_from(line).map(|line| line.serve).map_err(|error| error.to_string())
}

#[test]
fn a_bad_value_names_its_setting() {
    for (flag, value, setting) in [
        ("--listen", "8080", "MAILFERRY_LISTEN"),
        ("--public-url", "example.org", "MAILFERRY_PUBLIC_URL"),
        ("--database-url", "mysql://x", "DATABASE_URL"),
        ("--smtp-url", "http://x", "MAILFERRY_SMTP_URL"),
        ("--mail-from", "nobody", "MAILFERRY_MAIL_FROM"),
        ("--allow-networks", "10.0.0.0/40", "MAILFERRY_ALLOW_NETWORKS"),
        ("--allow-ports", "0", "MAILFERRY_ALLOW_PORTS"),
        ("--dns", "dns.example", "MAILFERRY_DNS"),
        ("--ca-file", "/no/such/file", "MAILFERRY_CA_FILE"),
        ("--workers", "many", "MAILFERRY_WORKERS"),
        ("--metrics-listen", "9464", "MAILFERRY_METRICS_LISTEN"),
        ("--rate-factor", "0", "MAILFERRY_RATE_FACTOR"),
        ("--trust-proxy", "proxy", "MAILFERRY_TRUST_PROXY"),
        ("--log", "a=b=c", "MAILFERRY_LOG"),
        ("--pairs-per-order", "0", "pairs-per-order"),
        ("--max-message-mb", "0", "max-message-mb"),
        ("--active-orders", "0", "active-orders"),
    ] {
        let message = parse(&[flag, value]).expect_err(flag);
        assert!(message.contains(setting), "{message}");
    }
}

#[test]
fn the_page_is_where_we_listen_unless_told_otherwise() {
    let url = |args: &[&str]| Settings::from_serve(&parse(args).expect("parses")).expect("settings").public_url;
    assert_eq!(url(&["--listen", "127.0.0.1:9090"]), "http://127.0.0.1:9090");
    assert_eq!(url(&["--listen", "0.0.0.0:80"]), "http://localhost:80");
    assert_eq!(url(&["--public-url", "https://move.example.org/"]), "https://move.example.org");
}

#[test]
fn every_limit_of_the_product_is_a_setting_with_the_products_default() {
    let settings = |args: &[&str]| Settings::from_serve(&parse(args).expect("parses")).expect("settings");
    let usual = settings(&[]);
    assert_eq!((usual.limits.max_pairs, usual.limits.max_message_bytes), (500, 50_000_000));
    assert_eq!((usual.terms.active_orders, usual.connections_per_host), (10, 40));
    assert_eq!(usual.limits.answers_hours, 24, "answers to an Idempotency-Key");
    let terms = |settings: &Settings| {
        let Terms { link_after_end, link_after_start, purge_after_end, delta_delay_hours, .. } = settings.terms;
        let days = [link_after_end, link_after_start, purge_after_end].map(|span| span.num_days());
        (days, [delta_delay_hours.usual, delta_delay_hours.least, delta_delay_hours.most])
    };
    assert_eq!(terms(&usual), ([14, 45, 30], [8, 4, 23]));
    let other =
        ["--pairs-per-order", "9", "--max-message-mb", "150", "--active-orders", "3", "--connections-per-host", "8"];
    let spans = ["--link-days", "7", "--link-days-at-most", "20", "--purge-days", "9", "--delta-hours", "6,2,30"];
    let other = settings(&[other.as_slice(), &spans].concat());
    assert_eq!(terms(&other), ([7, 20, 9], [6, 2, 30]));
    assert_eq!((other.limits.max_pairs, other.limits.max_message_bytes), (9, 150_000_000));
    assert_eq!((other.terms.active_orders, other.connections_per_host), (3, 8));
}

#[test]
fn lists_and_switches_are_read() {
    let args = ["--allow-networks", "127.0.0.0/8,::1", "--allow-ports", "1143,1993", "--allow-plaintext"];
    let settings = Settings::from_serve(&parse(&args).expect("parses")).expect("settings");
    assert_eq!(settings.outgoing.networks.len(), 2);
    assert_eq!(settings.outgoing.ports, [1143, 1993]);
    assert!(settings.outgoing.plaintext);
}

#[test]
fn no_secret_is_shown_by_debug() {
    let args = ["--smtp-url", "smtps://u:canary@mail.example", "--database-url", "postgres://u:canary@h/d"];
    let settings = Settings::from_serve(&parse(&args).expect("parses")).expect("settings");
    assert!(!format!("{settings:?}").contains("canary"));
}
