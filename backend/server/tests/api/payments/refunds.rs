//! Money that goes back: by the seller, by itself, or at PayPal.

use serde_json::{Value, json};

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_is_the_sellers_and_money_for_an_order_that_is_over_goes_back_by_itself() {
    on_both_in_a_shop(async |shop| {
        let (path, client) = shop.order(1).await;
        let (payment, _) = shop.approved(&path, &client).await;
        work(&shop.context, JobKind::Payment).await;
        let refund = format!("/api/v1/payments/{}/refund", payment.rsplit('/').next().expect("an id"));
        client.post(&refund, json!({})).await.is_problem(401, "not_signed_in");
        let operator = shop.service.operator();
        operator.post(&refund, json!({})).await.is_problem(409, "wrong_state");
        assert_eq!(client.post(&format!("{path}/cancel"), json!({})).await.json()["state"], "cancelled");
        for _ in 0..2 {
            assert_eq!(operator.post(&refund, json!({})).await.json()["state"], "refunding");
        }
        work(&shop.context, JobKind::Payment).await;
        assert_eq!((state(&client, &payment).await, shop.paypal.moved()), ("refunded".to_owned(), (1, 1)));
        assert_eq!(client.get(&path).await.json()["payment"]["pairs_covered"], 0);

        let (path, client) = shop.order(1).await;
        shop.paypal.mood(Mood::HoldsBack);
        let (payment, remote) = shop.approved(&path, &client).await;
        work(&shop.context, JobKind::Payment).await;
        client.post(&format!("{path}/cancel"), json!({})).await;
        shop.paypal.set_capture(&remote, "COMPLETED");
        let id = payment.rsplit('/').next().expect("an id").parse().expect("an id");
        shop.service.store.enqueue(JobKind::Payment, id, None).await.expect("queued");
        for _ in 0..2 {
            work(&shop.context, JobKind::Payment).await;
        }
        assert_eq!((state(&client, &payment).await, shop.paypal.moved()), ("refunded".to_owned(), (2, 2)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_is_paid_back_while_the_order_runs_and_the_rest_later() {
    on_both_in_a_shop(async |shop| {
        let (path, client) = shop.order(1).await;
        let (payment, remote) = shop.approved(&path, &client).await;
        work(&shop.context, JobKind::Payment).await;
        let refund = format!("/api/v1/payments/{}/refund", payment.rsplit('/').next().expect("an id"));
        let operator = shop.service.operator();
        for wrong in [json!({"amount_minor": 0}), json!({"amount_minor": 1491}), json!({"amount_minor": "1"})] {
            let refused = operator.post(&refund, wrong).await.is_problem(422, "invalid_field");
            assert_eq!(refused["errors"][0]["pointer"], "/amount_minor", "{refused}");
        }
        operator.post(&refund, json!({})).await.is_problem(409, "wrong_state");
        for (part, back) in [(490, 490), (300, 790)] {
            let answer = operator.post(&refund, json!({"amount_minor": part})).await;
            assert_eq!((answer.status, &answer.json()["state"]), (202, &json!("refunding")), "{}", answer.text);
            assert_eq!(work(&shop.context, JobKind::Payment).await, (1, 0));
            let shown = client.get(&payment).await.json();
            assert_eq!((&shown["state"], &shown["refunded_minor"]), (&json!("paid"), &json!(back)), "{shown}");
            assert_eq!(shop.paypal.refunded(&remote), back);
        }
        assert_eq!(state(&client, &path).await, "scheduled", "it is paid for all the same");
        client.post(&format!("{path}/cancel"), json!({})).await;
        operator.post(&refund, json!({})).await;
        assert_eq!(work(&shop.context, JobKind::Payment).await, (1, 0));
        let shown = client.get(&payment).await.json();
        assert_eq!((&shown["state"], &shown["refunded_minor"]), (&json!("refunded"), &json!(1490)), "{shown}");
        assert_eq!(shop.paypal.refunded(&remote), 1490);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_seller_pays_back_at_paypal_itself_is_counted() {
    on_both_in_a_shop(async |shop| {
        let (path, client) = shop.order(1).await;
        let (payment, remote) = shop.approved(&path, &client).await;
        work(&shop.context, JobKind::Payment).await;
        let operator = shop.service.operator();
        let refund = format!("/api/v1/payments/{}/refund", payment.rsplit('/').next().expect("an id"));
        let told = async |event: &str, resource: &Value| {
            shop.tell(event, "PAYMENT.CAPTURE.REFUNDED", resource).await;
            assert_eq!(work(&shop.context, JobKind::PaymentEvent).await, (1, 0));
            assert_eq!(work(&shop.context, JobKind::Payment).await, (1, 0));
            client.get(&payment).await.json()
        };
        let shown = told("WH-R1", &shop.paypal.pay_back(&remote, Some("4.90"))).await;
        assert_eq!((&shown["state"], &shown["refunded_minor"]), (&json!("paid"), &json!(490)), "{shown}");
        assert_eq!(state(&client, &path).await, "scheduled", "it is paid for all the same");
        let more = operator.post(&refund, json!({"amount_minor": 1001})).await.is_problem(422, "invalid_field");
        assert_eq!(more["errors"][0]["pointer"], "/amount_minor", "{more}");

        // One that was not told yet: our own refund would be more than is left, and what is true is read then.
        shop.paypal.pay_back(&remote, Some("9.00"));
        assert_eq!(operator.post(&refund, json!({"amount_minor": 500})).await.status, 202);
        for _ in 0..2 {
            assert_eq!(work(&shop.context, JobKind::Payment).await, (1, 0));
        }
        let shown = client.get(&payment).await.json();
        assert_eq!((&shown["state"], &shown["refunded_minor"]), (&json!("paid"), &json!(1390)), "{shown}");

        let shown = told("WH-R2", &shop.paypal.pay_back(&remote, None)).await;
        assert_eq!((&shown["state"], &shown["refunded_minor"]), (&json!("refunded"), &json!(1490)), "{shown}");
        assert_eq!(client.get(&path).await.json()["payment"]["pairs_covered"], 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_amount_than_was_asked_for_is_settled_as_such_and_goes_back() {
    on_both_in_a_shop(async |shop| {
        let (path, client) = shop.order(1).await;
        shop.paypal.mood(Mood::TakesLess);
        let (payment, remote) = shop.approved(&path, &client).await;
        assert_eq!(work(&shop.context, JobKind::Payment).await, (1, 0), "once, and no error");
        assert_eq!(work(&shop.context, JobKind::Payment).await, (0, 0), "and not again");
        let told = client.get(&payment).await.json();
        let captured = json!({"amount_minor": 1489, "currency": "EUR"});
        assert_eq!((&told["state"], &told["captured"]), (&json!("mismatched"), &captured), "{told}");
        assert_eq!(told["amount"]["total_minor"], 1490);
        assert_eq!(state(&client, &path).await, "awaiting_payment");
        client.post(&format!("{path}/payments"), json!({})).await.is_problem(409, "payment_under_way");
        let refund = format!("/api/v1/payments/{}/refund", payment.rsplit('/').next().expect("an id"));
        let operator = shop.service.operator();
        operator.post(&refund, json!({"amount_minor": 5})).await.is_problem(422, "invalid_field");
        operator.post(&refund, json!({})).await;
        assert_eq!(work(&shop.context, JobKind::Payment).await, (1, 0));
        assert_eq!((state(&client, &payment).await, shop.paypal.refunded(&remote)), ("refunded".to_owned(), 1489));
        assert_eq!(client.get(&payment).await.json()["refunded_minor"], 1489);
    })
    .await;
}
