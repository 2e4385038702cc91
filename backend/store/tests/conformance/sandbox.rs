use crate::world::World;

on_both! {
    a_mailbox_is_changed_by_one_at_a_time_and_goes_with_its_order;
}

async fn a_mailbox_is_changed_by_one_at_a_time_and_goes_with_its_order(world: World) {
    let store = &world.store;
    let (order, other) = (world.order().await.id, world.order().await.id);
    assert_eq!(store.sandbox_mailbox(order, "ok anna").await.expect("looks"), None);
    let save = async |content: &[u8], version| store.save_sandbox_mailbox(order, "ok anna", content, version).await;
    assert!(save(b"first", 0).await.expect("saved"));
    assert!(!save(b"late", 0).await.expect("looked"), "somebody else was quicker");
    let kept = store.sandbox_mailbox(order, "ok anna").await.expect("looks").expect("there");
    assert_eq!((kept.content.as_slice(), kept.version), (&b"first"[..], 1));
    assert!(save(b"second", kept.version).await.expect("saved"));
    assert!(!save(b"late", kept.version).await.expect("looked"));
    let kept = store.sandbox_mailbox(order, "ok anna").await.expect("looks").expect("there");
    assert_eq!((kept.content.as_slice(), kept.version), (&b"second"[..], 2));
    for (order, name) in [(other, "ok anna"), (order, "ok ben")] {
        assert_eq!(store.sandbox_mailbox(order, name).await.expect("looks"), None, "each has its own");
    }
    store.delete_order(order).await.expect("deleted");
    assert_eq!(store.sandbox_mailbox(order, "ok anna").await.expect("looks"), None);
    save(b"too late", 0).await.expect_err("there is no such order");
}
