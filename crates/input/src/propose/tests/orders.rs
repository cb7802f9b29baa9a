//! What is proposed for tables with a row for each line of an order.

use super::*;

const HEADER: &str = "매장,영수증번호,영업일자,회원번호,결제일시,결제수단,상품코드,상품명,단가,수량,금액,할인금액\n";

/// A row of a receipt.
fn row(shop: &str, receipt: u32, day: u32, user: &str, product: u32, discount: u32) -> String {
    format!(
        "{shop},{receipt},2025-11-{day},{user},2025-11-{day} 10:15:{receipt:02},카드,P-{product},상품,1000,1,{product}000,{discount}\n"
    )
}

fn purchases(rows: &[String]) -> (Proposal, tempfile::TempDir) {
    let known = ProposalOptions {
        event: Some("df_purchase".to_owned()),
        timezone: Some("Asia/Seoul".to_owned()),
    };
    propose_for(format!("{HEADER}{}", rows.concat()).as_bytes(), &known, Accepts::Mixed)
}

#[track_caller]
fn has(proposal: &Proposal, lines: &[&str]) {
    for line in lines {
        assert!(
            proposal.yaml.contains(&format!("\n{line}")),
            "{line}\n{}",
            proposal.yaml
        );
    }
}

#[track_caller]
fn says(proposal: &Proposal, sentence: &str) {
    assert!(
        proposal.unsure.iter().any(|one| one == sentence),
        "{sentence}\n{:#?}",
        proposal.unsure
    );
}

#[test]
fn a_receipt_number_of_two_shops_is_two_orders() {
    let of = |shop: &str, user: &str| {
        [
            row(shop, 1, 20, user, 1, 0),
            row(shop, 1, 20, user, 2, 0),
            row(shop, 2, 20, user, 3, 0),
        ]
    };
    let (proposal, folder) = purchases(&[of("강남점", "u1"), of("역삼점", "u2")].concat());
    has(
        &proposal,
        &[
            "group_by: [매장, 영수증번호]",
            "  df_order_id: {join: [매장, 영수증번호], with: \"-\"}",
        ],
    );
    assert!(!proposal.yaml.contains("sort_by_group"), "{}", proposal.yaml);
    says(
        &proposal,
        "\"영수증번호\": 2 orders have a number that another order has as well, in lines 5, 7: together with \"매장\" it tells \
         them apart.",
    );
    let orders = load(&folder, &proposal.yaml).unwrap();
    let ids: Vec<_> = orders
        .iter()
        .map(|order| order.split("df_order_id\":\"").nth(1).unwrap())
        .collect();
    for (id, expected) in ids.iter().zip(["강남점-1\"", "강남점-2\"", "역삼점-1\"", "역삼점-2\""]) {
        assert!(id.starts_with(expected), "{ids:?}");
    }
    assert_eq!(ids.len(), 4);
}

#[test]
fn a_receipt_number_of_two_days_is_two_orders_of_one_shop() {
    let of = |day: u32, user: &str| {
        [
            row("강남점", 1, day, user, 1, 0),
            row("강남점", 1, day, user, 2, 0),
            row("강남점", 2, day, user, 3, 0),
        ]
    };
    let (proposal, folder) = purchases(&[of(20, "u1"), of(21, "u2")].concat());
    // The shop is always the same and tells nothing apart.
    has(&proposal, &["group_by: [영업일자, 영수증번호]"]);
    assert_eq!(load(&folder, &proposal.yaml).unwrap().len(), 4);
}

#[test]
fn a_number_that_nothing_tells_apart_is_left_to_a_person() {
    // Counters of one house share receipts, and its numbers come again at other counters.
    let rows = [
        row("식품관", 1, 20, "u1", 1, 0),
        row("의류관", 1, 20, "u1", 2, 0),
        row("식품관", 2, 20, "u2", 1, 0),
        row("의류관", 2, 20, "u2", 2, 0),
        row("잡화관", 1, 20, "u3", 2, 0),
    ];
    let (proposal, _) = purchases(&rows);
    has(&proposal, &["group_by: 영수증번호"]);
    says(
        &proposal,
        "\"영수증번호\": 1 order has a number that another order has as well, in line 6, and no column tells them apart: add the \
         one that does to group_by.",
    );
}

#[test]
fn an_order_that_goes_on_later_is_no_second_order() {
    let rows = [
        row("강남점", 1, 20, "u1", 1, 0),
        row("강남점", 1, 20, "u1", 2, 0),
        row("강남점", 2, 20, "u2", 1, 0),
        row("강남점", 1, 20, "u1", 3, 0),
    ];
    let (proposal, folder) = purchases(&rows);
    has(&proposal, &["group_by: 영수증번호", "sort_by_group: true"]);
    assert_eq!(load(&folder, &proposal.yaml).unwrap().len(), 2);
}

#[test]
fn a_discount_is_of_the_lines_or_of_the_order_as_its_cells_show() {
    let of_lines = [
        row("강남점", 1, 20, "u1", 1, 100),
        row("강남점", 1, 20, "u1", 2, 50),
        row("강남점", 2, 20, "u2", 1, 0),
    ];
    let (proposal, folder) = purchases(&of_lines);
    has(
        &proposal,
        &[
            "  df_discount: {sum: 할인금액, type: double}",
            "    df_discount: 할인금액",
        ],
    );
    let orders = load(&folder, &proposal.yaml).unwrap();
    assert!(
        orders[0].contains("\"df_discount\":150") && orders[0].contains("\"df_discount\":50}"),
        "{}",
        orders[0]
    );

    let of_order = [row("강남점", 1, 20, "u1", 1, 100), row("강남점", 1, 20, "u1", 2, 100)];
    let (proposal, _) = purchases(&of_order);
    has(
        &proposal,
        &["  df_discount: 할인금액", "    # df_discount: {constant: 0.0}"],
    );

    // A single row shows neither.
    let (proposal, _) = purchases(&of_order[..1]);
    has(&proposal, &["  # df_discount: 할인금액"]);
}
