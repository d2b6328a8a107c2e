//! Terms of the store as a whole.

use super::testing::*;

#[test]
fn what_was_kept_is_there_after_a_restart() {
    let shop = Shop::new();
    shop.adds(1, 5).expect("kept");
    shop.labels(1, "rent").expect("kept");
    shop.adds(2, 7).expect("kept");
    assert_eq!(shop.coins(1), 5);

    let (shop, report) = shop.reopened();
    assert_eq!(report.rebuilt, None);
    assert_eq!(report.torn, None);
    assert_eq!((shop.coins(1), shop.coins(2), shop.coins(3)), (5, 7, 0));
    let found = shop.reader.row(&jar_by_label("rent")).expect("a row");
    assert_eq!(found, Some(vec![1; 16]));
    assert_eq!(shop.reader.get::<Jar>(jar(1)).expect("a jar").version, 2);
}
