//! Answers that are lost, money that comes late, is held back, or was given up.

use serde_json::json;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_lost_after_the_money_was_taken_is_found_again() {
    on_both_in_a_shop(async |shop| {
        for mood in [Mood::IsLost, Mood::FailsAfter] {
            let before = shop.paypal.moved().0;
            let (path, client) = shop.order(1).await;
            shop.paypal.mood(mood);
            let (payment, _) = shop.approved(&path, &client).await;
            assert_eq!(work(&shop.context, JobKind::Payment).await, (1, 1), "{mood:?}");
            assert_eq!((state(&client, &payment).await, shop.paypal.moved().0), ("capturing".to_owned(), before + 1));
            assert_eq!(work(&shop.context, JobKind::Payment).await, (1, 0));
            assert_eq!((state(&client, &payment).await, shop.paypal.moved().0), ("paid".to_owned(), before + 1));
            assert_eq!(state(&client, &path).await, "scheduled");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_paypal_is_still_taking_the_money_nothing_is_given_up() {
    on_both_in_a_shop(async |shop| {
        let (path, client) = shop.order(1).await;
        shop.paypal.mood(Mood::IsBusy);
        let (payment, _) = shop.approved(&path, &client).await;
        for _ in 0..2 {
            assert_eq!(work(&shop.context, JobKind::Payment).await, (1, 1));
            assert_eq!(state(&client, &payment).await, "capturing");
        }
        assert_eq!(work(&shop.context, JobKind::Payment).await, (1, 0));
        assert_eq!((state(&client, &payment).await, shop.paypal.moved().0), ("paid".to_owned(), 1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn money_that_paypal_took_for_a_payment_that_was_given_up_pays_all_the_same() {
    on_both_in_a_shop(async |shop| {
        let (path, client) = shop.order(1).await;
        shop.paypal.mood(Mood::IsLost);
        let (payment, remote) = shop.approved(&path, &client).await;
        work(&shop.context, JobKind::Payment).await;
        let id = payment.rsplit('/').next().expect("an id").parse().expect("an id");
        shop.service.store.payment_not_settled(id, PaymentState::Failed).await.expect("given up");
        let resource = json!({"id": "3C67", "supplementary_data": {"related_ids": {"order_id": remote}}});
        shop.tell("WH-1", "PAYMENT.CAPTURE.COMPLETED", &resource).await;
        work(&shop.context, JobKind::PaymentEvent).await;
        work(&shop.context, JobKind::Payment).await;
        assert_eq!(state(&client, &payment).await, "paid");
        assert_eq!(state(&client, &path).await, "scheduled");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn money_that_is_held_back_pays_when_it_comes_and_each_notification_counts_once() {
    on_both_in_a_shop(async |shop| {
        let (path, client) = shop.order(1).await;
        shop.paypal.mood(Mood::HoldsBack);
        let (payment, remote) = shop.approved(&path, &client).await;
        work(&shop.context, JobKind::Payment).await;
        assert_eq!(state(&client, &payment).await, "pending");
        assert_eq!(state(&client, &path).await, "awaiting_payment", "not paid yet");
        client.post(&format!("{path}/payments"), json!({})).await.is_problem(409, "payment_under_way");

        let resource = json!({"id": "3C67", "supplementary_data": {"related_ids": {"order_id": remote}}});
        let (body, headers) = StandIn::event("WH-1", "PAYMENT.CAPTURE.COMPLETED", &resource);
        // Its words are not believed: PayPal is asked, and still holds the money back.
        shop.notify(&body, &headers).await;
        assert_eq!(work(&shop.context, JobKind::PaymentEvent).await, (1, 0));
        work(&shop.context, JobKind::Payment).await;
        assert_eq!(state(&client, &payment).await, "pending");

        shop.paypal.set_capture(&remote, "COMPLETED");
        let forged = body.replace("WH-1", "WH-2");
        shop.notify(&forged, &headers).await;
        shop.notify(&body, &headers[1..]).await;
        let (other, other_headers) = StandIn::event("WH-3", "PAYMENT.CAPTURE.COMPLETED", &json!({"id": "unknown"}));
        shop.notify(&other, &other_headers).await;
        assert_eq!(work(&shop.context, JobKind::PaymentEvent).await, (1, 0), "only the forged one could be ours");
        assert_eq!(work(&shop.context, JobKind::Payment).await.0, 0, "PayPal does not vouch for it");
        shop.notify(&body, &headers).await;
        work(&shop.context, JobKind::PaymentEvent).await;
        assert_eq!(work(&shop.context, JobKind::Payment).await.0, 0, "that one was dealt with");
        shop.tell("WH-4", "PAYMENT.CAPTURE.COMPLETED", &resource).await;
        work(&shop.context, JobKind::PaymentEvent).await;
        work(&shop.context, JobKind::Payment).await;
        assert_eq!(state(&client, &payment).await, "paid");
        assert_eq!(state(&client, &path).await, "scheduled");
    })
    .await;
}
