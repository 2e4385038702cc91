//! New migration files must lead to a new build, since they are embedded.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
