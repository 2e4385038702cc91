//! Finding settings: every place in its order, nothing but the domain goes out, and hostile answers lead nowhere.

use std::time::Duration;

use mailferry_lab::{DnsServer, Dovecot, DovecotOptions, Page, Record, WebServer};
use mailferry_server::{
    jobs,
    settings::{Pace, Settings},
};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::harness::{Service, on_both_with, on_each};

/// Name server, web server and mail server of a domain, and a service that finds them.
struct World {
    dns: DnsServer,
    web: WebServer,
    mail: Dovecot,
    service: Service,
    stop: CancellationToken,
}

const FILE: &str = "/mail/config-v1.1.xml";
const WELL_KNOWN: &str = "/.well-known/autoconfig/mail/config-v1.1.xml";

impl World {
    async fn start_on(database: Option<String>) -> Self {
        let dns = DnsServer::start().expect("a name server");
        let web = WebServer::start(&["autoconfig.old.example", "old.example"]).expect("a web server");
        let host_names = ["imap.old.example", "mail.old.example"].map(str::to_owned).to_vec();
        let mail = Dovecot::start(DovecotOptions { host_names, ..DovecotOptions::default() }).expect("Dovecot");
        let service = Service::start_with(database, |settings| {
            let outgoing = &mut settings.outgoing;
            outgoing.networks = vec!["127.0.0.0/8".parse().expect("a network")];
            outgoing.ports = vec![web.port(), mail.imaps_port(), mail.imap_port()];
            outgoing.dns = Some(dns.address());
            outgoing.ca_file = Some(web.ca_file());
            let ports = &mut outgoing.discovery_ports;
            (ports.https, ports.imaps, ports.imap) = (web.port(), mail.imaps_port(), mail.imap_port());
        })
        .await;
        let stop = CancellationToken::new();
        let context = service.app.job_context().expect("a worker");
        tokio::spawn(jobs::work(context, stop.clone()));
        Self { dns, web, mail, service, stop }
    }

    /// This name leads to the servers.
    fn name(&self, name: &str) {
        self.dns.set(name, 60, &[Record::Address("127.0.0.1".parse().expect("an address"))]);
    }

    async fn found(&self, body: Value) -> Value {
        let client = self.service.stranger();
        let begun = client.post("/api/v1/discoveries", body).await;
        assert_eq!(begun.status, 202, "{}", begun.text);
        let path = begun.header("location").to_owned();
        for _ in 0..1_200 {
            let seen = client.get(&path).await;
            assert_eq!(seen.status, 200, "{}", seen.text);
            if seen.json()["finished"] == true {
                return seen.json();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the search does not end");
    }

    fn config(host: &str, port: u16, tls: &str) -> String {
        format!(
            "<clientConfig version=\"1.1\"><emailProvider id=\"old\"><displayName>Old Mail</displayName>\
             <incomingServer type=\"imap\"><hostname>{host}</hostname><port>{port}</port><socketType>{tls}</socketType>\
             <username>%EMAILLOCALPART%</username></incomingServer></emailProvider></clientConfig>"
        )
    }

    async fn stop(self) {
        self.stop.cancel();
        self.service.stop().await;
    }
}

/// Does `test` with a world on each database.
async fn on_both(test: impl AsyncFn(World)) {
    on_each(async |database| test(World::start_on(database).await).await).await;
}

fn brief(found: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let proposals = found["proposals"].as_array().expect("proposals");
    proposals
        .iter()
        .map(|one| {
            let host = text(&one["endpoint"]["host"]);
            format!("{} {host} {} {}", text(&one["origin"]), text(&one["endpoint"]["tls"]), text(&one["proof"]))
        })
        .collect()
}

fn steps(found: &Value) -> Vec<String> {
    let steps = found["steps"].as_array().expect("steps");
    steps.iter().map(|step| format!("{} {}", step["origin"], step["state"]).replace('"', "")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_autoconfig_file_is_read_and_its_server_met_and_only_the_domain_goes_out() {
    on_both(async |world: World| {
        for name in ["autoconfig.old.example", "old.example", "imap.old.example"] {
            world.name(name);
        }
        let config = World::config("imap.old.example", world.mail.imaps_port(), "SSL");
        world.web.set("autoconfig.old.example", FILE, Page::ok(config));
        let found = world.found(json!({"address": "Anna.Canary@Old.example"})).await;
        assert_eq!(brief(&found), ["autoconfig imap.old.example implicit passed"]);
        assert_eq!(
            (&found["proposals"][0]["name"], &found["proposals"][0]["login"]),
            (&json!("Old Mail"), &json!("local_part"))
        );
        assert_eq!(
            steps(&found),
            [
                "autoconfig found",
                "well_known nothing",
                "provider_list nothing",
                "mail_exchanger nothing",
                "service_record nothing"
            ]
        );
        let said = format!("{found} {:?} {:?}", world.dns.asked(), world.web.requests()).to_lowercase();
        assert!(said.contains("old.example") && !said.contains("canary"), "{said}");
        world.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_host_that_takes_the_domains_mail_tells_the_provider() {
    on_both(async |world: World| {
        world.dns.set("old.example", 60, &[Record::Mx(10, "mx00.gmx.net".to_owned())]);
        let found = world.found(json!({"address": "old.example"})).await;
        let proposal = &found["proposals"][0];
        assert_eq!((&proposal["origin"], &proposal["provider"]), (&json!("mail_exchanger"), &json!("gmx")));
        assert_eq!(proposal["advice"], json!(["imap_switched_off"]));
        assert_eq!((&proposal["proof"], &proposal["finding"]["code"]), (&json!("failed"), &json!("unknown_host")));
        // A known domain is found in the list itself.
        let listed = world.found(json!({"address": "someone@gmail.com"})).await;
        assert_eq!(
            (&listed["proposals"][0]["origin"], &listed["proposals"][0]["provider"]),
            (&json!("provider_list"), &json!("gmail"))
        );
        world.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn service_records_are_followed_and_the_one_that_says_no_is_heard() {
    on_both(async |world: World| {
        world.name("imap.old.example");
        let (imaps, imap) = (world.mail.imaps_port(), world.mail.imap_port());
        world.dns.set("_imaps._tcp.old.example", 60, &[Record::Srv(0, 1, imaps, "imap.old.example".to_owned())]);
        world.dns.set("_imap._tcp.old.example", 60, &[Record::Srv(0, 1, imap, "imap.old.example".to_owned())]);
        let found = world.found(json!({"address": "old.example"})).await;
        assert_eq!(
            brief(&found),
            ["service_record imap.old.example implicit passed", "service_record imap.old.example starttls passed"]
        );
        world.dns.set("_imaps._tcp.none.example", 60, &[Record::Srv(0, 0, 0, ".".to_owned())]);
        assert_eq!(brief(&world.found(json!({"address": "none.example"})).await), Vec::<String>::new());
        world.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_usual_host_name_is_proposed_only_if_a_server_was_met_there() {
    on_both(async |world: World| {
        world.name("mail.old.example");
        let found = world.found(json!({"address": "anna@old.example"})).await;
        assert_eq!(brief(&found), ["guess mail.old.example implicit passed", "guess mail.old.example starttls passed"]);
        let nothing = world.found(json!({"address": "anna@nowhere.example"})).await;
        assert_eq!((brief(&nothing).len(), steps(&nothing).last().map(String::as_str)), (0, Some("guess nothing")));
        world.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_usual_host_name_is_tried_too_where_what_was_told_is_out_of_date() {
    on_both(async |world: World| {
        for name in ["autoconfig.old.example", "mail.old.example"] {
            world.name(name);
        }
        let config = World::config("gone.old.example", world.mail.imaps_port(), "SSL");
        world.web.set("autoconfig.old.example", FILE, Page::ok(config));
        let found = world.found(json!({"address": "anna@old.example"})).await;
        let proposals = [
            "guess mail.old.example implicit passed",
            "guess mail.old.example starttls passed",
            "autoconfig gone.old.example implicit failed",
        ];
        assert_eq!(brief(&found), proposals, "what is met comes first");
        assert_eq!(found["proposals"][2]["finding"]["code"], "unknown_host");
        world.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn port_and_tls_mode_of_a_named_host_are_found_out() {
    on_both(async |world: World| {
        world.name("imap.old.example");
        world.name("other.example");
        let found = world.found(json!({"host": "imap.old.example"})).await;
        assert_eq!(brief(&found), ["named imap.old.example implicit passed", "named imap.old.example starttls passed"]);
        let found = world.found(json!({"host": "imap.old.example", "port": world.mail.imap_port()})).await;
        assert_eq!(brief(&found), ["named imap.old.example starttls passed"]);
        // Its certificate is another's: both ways are shown, with the reason.
        let found = world.found(json!({"host": "other.example"})).await;
        assert_eq!(brief(&found).len(), 2);
        assert_eq!(found["proposals"][0]["finding"]["code"], "certificate_mismatch");
        world.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_answers_lead_nowhere() {
    on_both(async |world: World| {
        world.name("autoconfig.old.example");
        world.name("old.example");
        let bomb = "<!DOCTYPE x [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;\">]><clientConfig>&b;</clientConfig>";
        let pages = [
            Page::redirect("http://169.254.169.254/latest/meta-data/"),
            Page { times: 1 << 40, ..Page::ok(vec![b'<'; 60_000]) },
            Page::ok(bomb),
            Page::ok("<a>".repeat(20_000)),
            Page::ok(World::config("127.0.0.1", 22, "SSL")),
            Page::ok(World::config("10.0.0.1", 993, "SSL")),
        ];
        for page in pages {
            world.web.set("autoconfig.old.example", FILE, page.clone());
            world.web.set("old.example", WELL_KNOWN, page.clone());
            let found = world.found(json!({"address": "old.example"})).await;
            assert!(brief(&found).iter().all(|one| one.ends_with(" failed")), "{page:?}: {found}");
        }
        // Names that lead inside: nobody is asked there.
        let inside = Record::Address("10.0.0.1".parse().expect("an address"));
        world.dns.set("inside.example", 60, &[inside]);
        world.dns.set("autoconfig.evil.example", 60, &[Record::Alias("inside.example".to_owned())]);
        world.dns.set("evil.example", 60, &[Record::Address("169.254.169.254".parse().expect("an address"))]);
        world.dns.set("_imaps._tcp.evil.example", 60, &[Record::Srv(0, 0, 993, "inside.example".to_owned())]);
        let found = world.found(json!({"address": "evil.example"})).await;
        assert_eq!(steps(&found)[..2], ["autoconfig failed", "well_known failed"]);
        assert_eq!(found["steps"][0]["finding"]["code"], "address_refused");
        assert_eq!(brief(&found), ["service_record inside.example implicit failed"]);
        assert_eq!(found["proposals"][0]["finding"]["code"], "address_refused");
        world.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_searched_for_is_pointed_at_and_strangers_are_paced() {
    let paced = |settings: &mut Settings| settings.limits.discoveries = Pace { burst: 12, every_seconds: 60 };
    on_both_with(paced, async |service: Service| {
        let client = service.stranger();
        for (body, pointer) in [
            (json!({}), "/address"),
            (json!({"address": "anna"}), "/address"),
            (json!({"address": "old.example", "host": "imap.old.example"}), "/host"),
            (json!({"address": "old.example", "port": 993}), "/port"),
            (json!({"address": "old.example", "tls": "starttls"}), "/tls"),
            (json!({"host": "imap.old.example", "port": 0}), "/port"),
            (json!({"host": "imap.old.example", "tls": "plaintext"}), "/tls"),
            (json!({"host": "not a host"}), "/host"),
            (json!({"colour": "red"}), "/colour"),
        ] {
            let problem = client.post("/api/v1/discoveries", body.clone()).await.is_problem(422, "invalid_field");
            assert_eq!(problem["errors"][0]["pointer"], pointer, "{body}");
        }
        client.get("/api/v1/discoveries/0199d1c4-5d5e-7a10-8c2f-3f1f7c5c0009").await.is_problem(404, "not_found");
        client.get("/api/v1/discoveries/x").await.is_problem(404, "not_found");
        let begun = client.post("/api/v1/discoveries", json!({"address": "old.example"})).await;
        let etag = client.get(begun.header("location")).await.header("etag").to_owned();
        let again = client.send("GET", begun.header("location"), None, &[("if-none-match", &etag)]).await;
        assert_eq!(again.status, 304);
        for _ in 0..2 {
            assert_eq!(client.post("/api/v1/discoveries", json!({"address": "old.example"})).await.status, 202);
        }
        client
            .post("/api/v1/discoveries", json!({"address": "old.example"}))
            .await
            .is_problem(429, "too_many_requests");
        service.stop().await;
    })
    .await;
}
