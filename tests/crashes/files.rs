//! Files: products that go into a shop and come out of it, while it runs, while it is stopped, and
//! when it dies in between.

use std::{collections::BTreeSet, fmt::Write, fs, path::PathBuf, thread};

use tempfile::TempDir;

use super::support::{
    process::{Ended, Serving, run, verify},
    wire::{Client, Request},
};

/// A directory with a file of so many products; the shop's directory and the file.
fn goods(products: usize) -> (TempDir, PathBuf, String) {
    let room = tempfile::tempdir().expect("a temporary directory");
    let mut text = "name,price,categories,sku,stock\n".to_owned();
    for number in 0..products {
        let shelf = number % 7;
        writeln!(text, "Thing {number},{number}.50,All > Shelf {shelf},T-{number},3")
            .expect("a String takes everything");
    }
    let file = room.path().join("goods.csv");
    fs::write(&file, text).expect("room on the disk");
    let file = file.to_str().expect("a path in UTF-8").to_owned();
    let dir = room.path().join("shop");
    (room, dir, file)
}

#[track_caller]
fn done(ended: &Ended) -> &str {
    assert_eq!(ended.code, Some(0), "{ended:?}");
    &ended.out
}

#[test]
fn a_file_goes_into_a_stopped_shop_and_a_running_one_and_is_there_once() {
    let (room, dir, file) = goods(300);
    let import = ["import", "products", &file];
    let looked = run(&["import", "products", &file, "--dry-run"], &dir);
    let looked = done(&looked);
    assert!(looked.starts_with("+ Thing 0: new, 0.50 USD; new category All > Shelf 0"), "{looked}");
    assert!(looked.ends_with("300 new, 0 changed, 0 as they are; nothing was changed"), "{looked}");
    assert!(done(&run(&import, &dir)).contains("300 lines: 300 new"));
    let shop = Serving::start(&dir);
    assert!(done(&run(&import, &dir)).contains("0 new, 0 changed, 300 as they are"));
    let faulty = room.path().join("faulty.csv");
    fs::write(&faulty, "sku,price\nT-1,9.00\nT-2,much\n").expect("room on the disk");
    let faulty = faulty.to_str().expect("a path in UTF-8");
    let refused = run(&["import", "products", faulty], &dir);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.err.contains("line 3, column 2 (price): "), "{refused:?}");
    assert!(refused.err.contains("nothing was changed"), "{refused:?}");
    let passed = run(&["import", "products", faulty, "--skip-faulty"], &dir);
    assert!(passed.out.contains("1 changed, 0 as they are, 1 faulty"), "{passed:?}");

    let running = room.path().join("running.csv");
    let running = running.to_str().expect("a path in UTF-8");
    done(&run(&["export", "products", running], &dir));
    shop.stop();
    let stopped = run(&["export", "products"], &dir);
    let written = fs::read_to_string(running).expect("a file");
    assert_eq!(written.trim_end(), done(&stopped).trim_end());
    assert!(done(&run(&["import", "products", running], &dir)).contains("300 as they are"));
    let missing = run(&["import", "products", "no-such-file.csv"], &dir);
    assert!(missing.err.contains("cannot read no-such-file.csv"), "{missing:?}");
    verify(&dir);
    done(&run(&["rebuild"], &dir));
    assert!(!["search", "register"].iter().any(|index| dir.join(index).exists()));
    assert!(done(&run(&import, &dir)).contains("299 as they are"));
}

#[test]
fn an_import_that_breaks_off_is_taken_up_by_the_same_command() {
    let (_room, dir, file) = goods(PRODUCTS);
    let import = ["import", "products", &file];
    let shop = Serving::start(&dir);
    let mut client = Client::at(shop.address);
    let broken = thread::scope(|scope| {
        let importing = scope.spawn(|| run(&import, &dir));
        let mut has_some = || {
            let list = client.ask(&Request::get("/v1/product/getproducts?limit=1")).expect(200);
            list.data().as_array().is_some_and(|list| !list.is_empty())
        };
        while !importing.is_finished() && !has_some() {}
        shop.kill();
        importing.join().expect("a command that ends")
    });
    // A very quick machine may have been through already.
    if broken.code != Some(0) {
        assert!(broken.err.contains("run the same command again to go on"), "{broken:?}");
    }
    let shop = Serving::start(&dir);
    let out = run(&import, &dir);
    let told = done(&out);
    assert!(told.contains("0 changed") && !told.contains(" 600 new"), "some were in: {told}");
    assert!(done(&run(&import, &dir)).contains("0 new, 0 changed, 600 as they are"));
    shop.stop();
    let all = run(&["export", "products"], &dir);
    let skus: Vec<&str> =
        done(&all).lines().skip(1).filter_map(|line| line.split(',').nth(14)).collect();
    assert_eq!(skus.len(), PRODUCTS);
    assert_eq!(skus.iter().collect::<BTreeSet<_>>().len(), PRODUCTS);
    verify(&dir);
}

/// So many that one can die in between.
const PRODUCTS: usize = 600;
