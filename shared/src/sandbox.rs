//! The test hosts: what orders of sandbox keys reach instead of mail servers.

use serde::{Deserialize, Serialize};

use crate::endpoint::{Endpoint, HostName};

/// What all test hosts' names end with. The top-level domain `test` is no part of the DNS (RFC 6761).
pub const SANDBOX_DOMAIN: &str = "sandbox.mailferry.test";

macro_rules! test_hosts {
    ($($name:ident, $label:literal, $behaviour:literal;)*) => {
        /// A test host; each has one behaviour.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum TestHost {
            $(#[doc = $behaviour] $name,)*
        }

        impl TestHost {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The first label of its name.
            pub fn label(self) -> &'static str {
                match self { $(Self::$name => $label,)* }
            }

            /// What it does, in plain English.
            pub fn behaviour(self) -> &'static str {
                match self { $(Self::$name => $behaviour,)* }
            }
        }
    };
}

test_hosts! {
    Ok, "ok", "Takes every user name and password.";
    BadPassword, "bad-password", "Refuses every login.";
    Throttled, "throttled", "Asks once for half a minute's patience when messages are first read or written, then goes on.";
    QuotaFull, "quota-full", "As the new provider it has less room than the old mailbox needs.";
    Slow, "slow", "Takes a second for every portion of messages.";
}

impl TestHost {
    /// Its name.
    pub fn name(self) -> String {
        format!("{}.{SANDBOX_DOMAIN}", self.label())
    }

    /// The test host of this name.
    pub fn of(host: &HostName) -> Option<Self> {
        let label = host.as_str().strip_suffix(SANDBOX_DOMAIN)?.strip_suffix('.')?;
        Self::ALL.iter().copied().find(|one| one.label() == label)
    }

    /// All names, for people.
    pub fn names() -> String {
        Self::ALL.iter().map(|one| one.name()).collect::<Vec<_>>().join(", ")
    }
}

/// A test host, for who builds against the sandbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TestHostInfo {
    /// How an order of a sandbox key names it; port 143 with STARTTLS works too.
    pub endpoint: Endpoint,
    /// What it does, in plain English.
    #[cfg_attr(feature = "openapi", schema(example = "Takes every user name and password."))]
    pub behaviour: String,
}

impl TestHostInfo {
    /// What is told of a test host; `None` only if its name were none.
    pub fn of(host: TestHost) -> Option<Self> {
        let endpoint = Endpoint::imaps(host.name().parse().ok()?);
        Some(Self { endpoint, behaviour: host.behaviour().to_owned() })
    }
}

/// The test hosts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TestHostList {
    /// All of them.
    pub items: Vec<TestHostInfo>,
}

/// True for every name that only test hosts can have, whether there is one of it or not.
pub fn is_sandbox_name(host: &HostName) -> bool {
    let name = host.as_str();
    name.strip_suffix(SANDBOX_DOMAIN).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(name: &str) -> HostName {
        name.parse().expect("a host")
    }

    #[test]
    fn a_test_host_is_known_by_its_name_alone() {
        for &one in TestHost::ALL {
            assert_eq!(TestHost::of(&host(&one.name())), Some(one));
            assert!(TestHostInfo::of(one).is_some_and(|told| TestHost::of(&told.endpoint.host) == Some(one)));
        }
        assert_eq!(TestHost::of(&host("OK.Sandbox.Mailferry.TEST.")), Some(TestHost::Ok));
        for other in
            ["ok.mailferry.test", "x.sandbox.mailferry.test", "a.ok.sandbox.mailferry.test", "oksandbox.mailferry.test"]
        {
            assert_eq!(TestHost::of(&host(other)), None, "{other}");
        }
    }

    #[test]
    fn every_name_below_the_domain_is_a_sandbox_name() {
        for name in ["ok.sandbox.mailferry.test", "x.y.sandbox.mailferry.test", "sandbox.mailferry.test"] {
            assert!(is_sandbox_name(&host(name)), "{name}");
        }
        for name in ["mailferry.test", "notsandbox.mailferry.test", "sandbox.mailferry.test.example"] {
            assert!(!is_sandbox_name(&host(name)), "{name}");
        }
    }
}
