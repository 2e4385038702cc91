//! Random faults on a larger mailbox, for as long as one likes: `make soak`.

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use mailferry_lab::{Dovecot, DovecotOptions, Fault, Plan, ProxyOptions, Random, Sample};

use crate::{
    ground::{Ground, SOURCE},
    interrupt::Steps,
    point::{How, Point},
    row::{Verdict, conclude},
    talk::length,
};

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "runs for minutes: `make soak`"]
async fn soak() {
    let seed = setting("SOAK_SEED", 1);
    let end = Instant::now() + Duration::from_secs(60 * setting("SOAK_MINUTES", 10));
    println!("SOAK_SEED={seed}");
    let mut random = Random::new(&seed.to_string());
    let mut verdicts: Vec<(String, Verdict)> = Vec::new();
    while Instant::now() < end {
        let ground = ground(random.between(200, 2000)).await;
        for _ in 0..20 {
            if Instant::now() < end {
                let point = ground.point();
                let story = break_often(&point, &mut random).await;
                verdicts.push((format!("round {}: {story}", verdicts.len()), point.verdict().await));
            }
        }
        assert!(ground.source_is_untouched(), "the source was changed");
    }
    conclude(&format!("soak, seed {seed}"), &verdicts, true);
}

async fn ground(messages: u64) -> Ground {
    let source = Dovecot::start(DovecotOptions::default()).expect("Dovecot starts");
    let sample = Sample::Sized(usize::try_from(messages).expect("a small number"));
    sample.write(&source, SOURCE).expect("a mailbox");
    let destination = Dovecot::start(DovecotOptions::default()).expect("Dovecot starts");
    Ground::on(source, destination, ProxyOptions::default()).await
}

/// A few runs one after the other, each with a few broken lines, some of them killed; then one that comes to its end.
async fn break_often(point: &Point<'_>, random: &mut Random) -> String {
    let mut story = String::new();
    for process in 1..=random.between(1, 3) {
        for _ in 0..random.between(0, 3) {
            let (at_source, plan) = plan(point, random);
            let proxy = if at_source { &point.source } else { &point.destination };
            proxy.plan(plan);
            let _ = write!(story, "{at_source} {plan:?}; ");
        }
        let mut how = How { patience: Duration::from_secs(2), ..How::default() };
        how.options.connections = usize::try_from(random.between(1, 3)).unwrap_or(1);
        if random.chance(50) {
            let step = random.between(0, point.ground.clean.steps.len() as u64);
            how.hook = Steps::stop(usize::try_from(step).unwrap_or(0));
            let _ = write!(story, "killed at {step}; ");
        }
        point.run(if random.chance(50) { 1 } else { u128::from(process) }, how).await;
    }
    // Plans that no connection has had yet would break the last run, which must not break any more.
    point.forget_plans();
    point.go_on(50).await;
    story
}

fn plan(point: &Point<'_>, random: &mut Random) -> (bool, Plan) {
    let at_source = random.chance(50);
    let clean = &point.ground.clean;
    let (to_client, to_server) = length(if at_source { &clean.with_source } else { &clean.with_destination });
    let fault = match random.between(0, 3) {
        0 => Fault::Reset,
        1 => Fault::Stall,
        2 => Fault::Slice(usize::try_from(random.between(1, 50)).unwrap_or(1)),
        _ => Fault::Cut,
    };
    let answers = random.chance(50);
    let after = random.between(0, if answers { to_client } else { to_server });
    let broken = Some((after, fault));
    let plan =
        if answers { Plan { to_client: broken, to_server: None } } else { Plan { to_client: None, to_server: broken } };
    (at_source, plan)
}
