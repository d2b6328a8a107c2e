//! Tests of search over a small index on a temporary folder.

use super::*;
use crate::domain::{
    ids::{CategoryId, Identity, ProductId},
    time::Timestamp,
};

struct World {
    search: Search,
    indexer: Indexer,
    _folder: tempfile::TempDir,
}

impl World {
    fn with(products: &[Findable]) -> World {
        World::on(tempfile::tempdir().expect("a folder"), products)
    }

    fn on(folder: tempfile::TempDir, products: &[Findable]) -> World {
        let (search, indexer, standing) = Search::open(folder.path(), "en").expect("an index");
        assert_eq!(standing, None, "a new index knows nothing");
        let mut world = World { search, indexer, _folder: folder };
        products.iter().for_each(|product| world.indexer.put(product).expect("room"));
        world.commit(1);
        world
    }

    fn commit(&mut self, position: u64) {
        self.indexer.commit(Some(Standing { position, timeline: 1 })).expect("a commit");
        self.search.show(position).expect("a view");
    }

    fn ask(&self, request: SearchRequest) -> Arc<SearchAnswer> {
        self.search.query(&request).expect("an answer")
    }

    fn numbers(&self, text: &str) -> Vec<u8> {
        let request = SearchRequest { text: text.to_owned(), limit: 20, ..Default::default() };
        self.ask(request).hits.iter().map(|hit| hit.product.bytes()[15]).collect()
    }
}

fn product(number: u8, name: &str) -> Findable {
    let mut id = [0; 16];
    id[15] = number;
    Findable {
        product: ProductId::from_bytes(id),
        name: name.to_owned(),
        skus: vec![format!("SKU-{number}")],
        price_minor: i64::from(number) * 100,
        price_spread: 0,
        in_stock: true,
        created_at: Timestamp::from_millis(i64::from(number)),
        ..Findable::default()
    }
}

#[test]
fn words_weigh_by_where_they_stand() {
    let world = World::with(&[
        Findable { description: "good with tea".to_owned(), ..product(1, "Biscuit") },
        Findable { brand: Some("Tea House".to_owned()), ..product(2, "Cup") },
        product(3, "Green Tea"),
    ]);
    assert_eq!(world.numbers("tea"), [3, 2, 1]);
    assert_eq!(world.numbers("teas"), [3, 2, 1]);
    assert_eq!(world.numbers("cup tea"), [2]);
}

#[test]
fn half_words_slips_and_accents_are_forgiven() {
    let world = World::with(&[product(1, "Crème Brûlée"), product(2, "Espresso Beans")]);
    for text in ["creme brul", "CREME", "espreso", "expresso", "espr", "beans espresso", "ben esp"]
    {
        let found = if text.to_lowercase().contains("creme") { 1 } else { 2 };
        let wanted: &[u8] = if text == "ben esp" { &[] } else { &[found] };
        assert_eq!(world.numbers(text), wanted, "for {text:?}");
    }
}

#[test]
fn an_exact_sku_comes_first() {
    let world = World::with(&[
        product(1, "SKU 2 a thing named like another's number"),
        product(2, "Plain"),
    ]);
    assert_eq!(world.numbers("sku-2"), [2, 1]);
    assert_eq!(world.numbers("SKU2"), [2]);
}

#[test]
fn phrases_must_stand_side_by_side() {
    let world = World::with(&[
        Findable { description: "cake of olives and oil".to_owned(), ..product(1, "Snack") },
        Findable { description: "an olive oil cake".to_owned(), ..product(2, "Cake") },
    ]);
    assert_eq!(world.numbers("olive oil"), [2, 1]);
    assert_eq!(world.numbers("\"olive oil\""), [2]);
}

#[test]
fn of_equals_what_is_in_stock_comes_first() {
    let world = World::with(&[
        Findable { in_stock: false, ..product(9, "Green Tea") },
        product(1, "Black Tea"),
    ]);
    assert_eq!(world.numbers("tea"), [1, 9]);
}

#[test]
fn a_rare_word_and_one_that_all_have_are_found_together() {
    let name = |number: u8| match number {
        70 | 140 => format!("Kettle {number}"),
        7 | 200 => format!("Copper Kettle {number}"),
        _ => format!("Copper Pan {number}"),
    };
    let all: Vec<Findable> = (1..=250).map(|number| product(number, &name(number))).collect();
    let world = World::with(&all);
    assert_eq!(world.numbers("copper kettle"), [200, 7]);
    assert_eq!(world.numbers("kettle"), [140, 70, 200, 7]);
}

#[test]
fn synonyms_are_found_in_both_directions_and_over_several_words() {
    let world = World::with(&[product(1, "Sofa"), product(2, "Couch"), product(3, "Ice Cream")]);
    let groups = [
        vec!["sofa".to_owned(), "couch".to_owned()],
        vec!["gelato".to_owned(), "ice cream".to_owned()],
    ];
    world.search.use_synonyms(&groups).expect("synonyms");
    assert_eq!(world.numbers("sofa"), [1, 2]);
    assert_eq!(world.numbers("couches"), [2]);
    assert_eq!(world.numbers("gelato"), [3]);
    assert_eq!(world.numbers("ice cream"), [3]);
}

#[test]
fn where_nothing_is_found_the_nearest_words_are_named() {
    let world = World::with(&[product(1, "Chamomile Tea"), product(2, "Sourdough Bread")]);
    let meant = |text: &str| {
        let request = SearchRequest { text: text.to_owned(), limit: 5, ..Default::default() };
        world.ask(request).did_you_mean.clone()
    };
    assert_eq!(meant("kamomile tea").as_deref(), Some("tea"));
    assert_eq!(meant("chemumyle").as_deref(), Some("chamomile"));
    assert_eq!(meant("chamomile lamp").as_deref(), Some("chamomile"));
    assert_eq!(meant("chamomiletea").as_deref(), Some("chamomile tea"));
    assert_eq!(meant("zzzzzz"), None);
}

#[test]
fn facets_count_what_could_be_chosen_instead() {
    let of = |number: u8, brand: &str, size: &str| Findable {
        brand: Some(brand.to_owned()),
        options: vec![("Size".to_owned(), size.to_owned())],
        ..product(number, "Shirt")
    };
    let world = World::with(&[of(1, "Alpha", "S"), of(2, "Alpha", "M"), of(3, "Beta", "M")]);
    let request = SearchRequest {
        text: "shirt".to_owned(),
        filters: Filters {
            brands: vec!["alpha".to_owned()],
            options: vec![("Size".to_owned(), vec!["M".to_owned()])],
            ..Filters::default()
        },
        limit: 10,
        facets: true,
        ..SearchRequest::default()
    };
    let answer = world.ask(request);
    assert_eq!((answer.total, answer.hits.len()), (1, 1));
    let facets = answer.facets.clone().expect("facets");
    let value =
        |value: &str, count, is_chosen| FacetValue { value: value.to_owned(), count, is_chosen };
    assert_eq!(facets.brands, [value("Alpha", 1, true), value("Beta", 1, false)]);
    let sizes = vec![value("M", 1, true), value("S", 1, false)];
    assert_eq!(facets.options, [OptionFacet { name: "Size".to_owned(), values: sizes }]);
    assert_eq!((facets.in_stock, facets.out_of_stock), (1, 0));
}

#[test]
fn several_options_are_chosen_of_one_variant_that_is_there() {
    let pairs = |values: &[(&str, &str)]| {
        let pair = |(option, value): &(&str, &str)| ((*option).to_owned(), (*value).to_owned());
        values.iter().map(pair).collect::<Vec<_>>()
    };
    let variant = |colour, size, in_stock| Choice {
        values: pairs(&[("Colour", colour), ("Size", size)]),
        in_stock,
    };
    let all = pairs(&[("Colour", "red"), ("Colour", "blue"), ("Size", "S"), ("Size", "M")]);
    let shirt = Findable {
        options: all.clone(),
        options_in_stock: all,
        choices: vec![
            variant("red", "S", true),
            variant("red", "M", false),
            variant("blue", "M", true),
        ],
        categories: vec![(CategoryId::from_bytes([7; 16]), "Shirts".to_owned())],
        ..product(1, "Shirt")
    };
    let world = World::with(&[shirt]);
    let found = |chosen: &[(&str, &str)], in_stock| {
        let options = chosen.iter().map(|(name, value)| {
            ((*name).to_owned(), value.split('|').map(str::to_owned).collect::<Vec<_>>())
        });
        let filters = Filters { options: options.collect(), in_stock, ..Filters::default() };
        let request = SearchRequest {
            text: "shirt".to_owned(),
            filters,
            facets: true,
            limit: 10,
            ..SearchRequest::default()
        };
        let answer = world.ask(request);
        let facets = answer.facets.clone().expect("facets");
        let mut values = Vec::new();
        for option in &facets.options {
            values.extend(option.values.iter().map(|value| value.value.clone()));
        }
        values.sort();
        assert_eq!(u64::try_from(facets.categories.len()), Ok(answer.total), "{chosen:?}");
        (answer.total, values.join(" "))
    };
    for (chosen, in_stock, total, values) in [
        (&[][..], None, 1, "M S blue red"),
        (&[("Colour", "red")], None, 1, "M S blue red"),
        (&[("Colour", "red")], Some(true), 1, "S blue red"),
        (&[("Colour", "red"), ("Size", "M")], None, 1, "M S blue red"),
        (&[("Colour", "red"), ("Size", "M")], Some(true), 0, "S blue"),
        (&[("Colour", "red"), ("Size", "S|M")], Some(true), 1, "S blue red"),
        (&[("Colour", "blue"), ("Size", "S")], None, 0, "M red"),
    ] {
        assert_eq!(found(chosen, in_stock), (total, values.to_owned()), "{chosen:?} {in_stock:?}");
    }
}

#[test]
fn pages_show_each_product_once_while_others_come_and_go() {
    let many: Vec<Findable> = (1..=60).map(|number| product(number, "Tea")).collect();
    let mut world = World::with(&many);
    for sort in [SearchSort::Relevance, SearchSort::Cheapest, SearchSort::Name, SearchSort::Newest]
    {
        let (mut seen, mut after) = (Vec::new(), None);
        for page in 0_u8.. {
            let request = SearchRequest {
                text: "tea".to_owned(),
                sort,
                limit: 7,
                after,
                ..SearchRequest::default()
            };
            let answer = world.ask(request);
            seen.extend(answer.hits.iter().map(|hit| hit.product.bytes()[15]));
            after = answer.next;
            // Meanwhile something else is added, and something seen is removed.
            world.indexer.put(&product(100 + page, "Tea or coffee")).expect("room");
            world.commit(10 + u64::from(page));
            if after.is_none() {
                break;
            }
        }
        let mut ours: Vec<u8> = seen.iter().copied().filter(|number| *number <= 60).collect();
        let unsorted = ours.clone();
        ours.sort_unstable();
        ours.dedup();
        assert_eq!(ours.len(), 60, "{sort:?}: {unsorted:?}");
        assert_eq!(unsorted.len(), 60, "{sort:?}: nothing twice");
    }
}

#[test]
fn a_product_that_changes_is_found_as_it_is() {
    let mut world = World::with(&[product(1, "Tea"), product(2, "Coffee")]);
    world.indexer.put(&product(1, "Cocoa")).expect("room");
    world.indexer.remove(product(2, "").product).expect("room");
    assert_eq!(world.numbers("tea"), [1], "not before the commit");
    world.commit(2);
    assert_eq!(world.numbers("tea"), [0_u8; 0]);
    assert_eq!(world.numbers("cocoa"), [1]);
    assert_eq!(world.numbers("coffee"), [0_u8; 0]);
    assert_eq!(world.search.position(), 2);
    let known = |number| world.search.known(product(number, "").product).expect("a reader");
    assert_eq!(known(1).expect("cocoa").print, product(1, "Cocoa").print());
    assert_ne!(known(1).expect("cocoa").print, product(1, "Tea").print());
    assert_eq!(known(1).expect("cocoa").figures, product(1, "Tea").figures());
    assert_eq!(known(2), None);
}

/// The least and the greatest price of what these words find.
fn prices(world: &World, text: &str) -> (i64, i64) {
    let request = SearchRequest { text: text.to_owned(), facets: true, ..Default::default() };
    world.ask(request).facets.as_ref().and_then(|facets| facets.prices).expect("prices")
}

#[test]
fn figures_are_shown_at_once_and_stay_while_segments_come_and_go() {
    // So many that no segment has a large share of them replaced, and is merged by itself.
    let all: Vec<Findable> = (1..=8).map(|number| product(number, "Tea")).collect();
    let mut world = World::with(&all);
    let shows = |world: &World, number: u8, figures: Figures| {
        world.search.adjust(product(number, "").product, figures).expect("a reader");
        world.search.tell_adjusted();
    };
    let sold_out = Figures { in_stock: false, ..all[0].figures() };
    shows(&world, 1, sold_out);
    shows(&world, 2, Figures { price_minor: 950, ..all[1].figures() });
    let is_so = |world: &World, least: i64| {
        let numbers = vec![8, 7, 6, 5, 4, 3, 2, 1];
        assert_eq!((world.numbers("tea"), prices(world, "tea")), (numbers, (least, 950)));
    };
    is_so(&world, 100);
    world.indexer.put(&Findable { price_minor: 900, ..product(3, "Tea") }).expect("room");
    world.commit(2);
    is_so(&world, 100);
    let writer = world.indexer.pen.writer().expect("a writer");
    let segments = writer.index().searchable_segment_ids().expect("segments");
    assert_eq!(segments.len(), 2);
    writer.merge(&segments).wait().expect("one segment");
    world.search.show(2).expect("a view");
    assert_eq!(world.search.size().0, 1);
    is_so(&world, 100);
    // What is put in again is as it was put in, as soon as that is committed.
    world
        .indexer
        .put(&Findable { in_stock: false, price_minor: 90, ..all[0].clone() })
        .expect("it");
    is_so(&world, 100);
    world.commit(3);
    is_so(&world, 90);
}

#[test]
fn an_answer_outlives_a_change_of_what_it_does_not_rest_on() {
    let world = World::with(&[product(1, "Tea"), product(2, "Tea House")]);
    let text = |text: &str| SearchRequest { text: text.to_owned(), limit: 9, ..Default::default() };
    let (plain, cheap) = (text("tea"), SearchRequest { sort: SearchSort::Cheapest, ..text("tea") });
    let facets = SearchRequest { facets: true, ..text("tea") };
    let among = Filters { max_price: Some(150), ..Filters::default() };
    let among = SearchRequest { filters: among, ..text("tea") };
    let asked = [plain, cheap, facets, among];
    let answers = || asked.clone().map(|request| world.ask(request));
    let stayed = |before: &[Arc<SearchAnswer>; 4], now: &[Arc<SearchAnswer>; 4]| {
        [0, 1, 2, 3].map(|at| Arc::ptr_eq(&before[at], &now[at]))
    };
    let before = answers();
    assert_eq!(stayed(&before, &answers()), [true; 4]);
    let mut figures = product(1, "").figures();
    figures.price_minor = 700;
    let was = world.search.changes();
    world.search.adjust(product(1, "").product, figures).expect("a reader");
    assert_eq!(stayed(&before, &answers()), [true; 4], "until it is told");
    assert!(world.search.has_untold() && world.search.changes() == was);
    world.search.tell_adjusted();
    world.search.tell_adjusted();
    assert!(!world.search.has_untold() && world.search.changes() == was + 1);
    let dearer = answers();
    assert_eq!(stayed(&before, &dearer), [true, false, false, false]);
    assert_eq!(dearer[3].total, 0);
    figures.in_stock = false;
    world.search.adjust(product(1, "").product, figures).expect("a reader");
    world.search.tell_adjusted();
    assert_eq!(stayed(&dearer, &answers()), [false; 4]);
}

#[test]
fn what_was_made_from_answers_stands_while_they_would_be_the_same() {
    let mut world = World::with(&[product(1, "Tea"), product(2, "Coffee")]);
    let request = SearchRequest { text: "tea".to_owned(), limit: 1, ..Default::default() };
    let (total, findings) = world.search.noting(|| world.ask(request.clone()).total);
    assert_eq!(total, 1);
    world.indexer.put(&product(3, "Cocoa")).expect("room");
    world.commit(2);
    let (stands, around) = world.search.noting(|| world.search.stands(&findings));
    assert!(stands);
    world.indexer.put(&product(3, "Tea")).expect("room");
    world.commit(3);
    assert!(!world.search.stands(&findings));
    assert!(!world.search.stands(&around), "what is made from it falls with it");
}

#[test]
fn an_index_that_rests_lets_go_of_its_writer_and_takes_more_afterwards() {
    let mut world = World::with(&[product(1, "Tea")]);
    let another_may_write = |world: &World| {
        let dir = checked::Checked::at(world._folder.path()).expect("a directory");
        let index = tantivy::Index::open(dir).expect("an index");
        index.writer::<tantivy::TantivyDocument>(15 << 20).is_ok()
    };
    world.indexer.put(&product(2, "Coffee")).expect("room");
    world.indexer.rest().expect("nothing");
    assert!(!another_may_write(&world), "something waits to be written");
    world.commit(2);
    world.indexer.rest().expect("rest");
    world.indexer.rest().expect("rest");
    assert!(another_may_write(&world));
    world.indexer.put(&product(3, "Cocoa")).expect("room");
    world.commit(3);
    assert_eq!(world.search.size().1, 3);
    assert!(!another_may_write(&world));
}

#[test]
fn no_text_brings_search_down_or_asks_for_everything() {
    let world = World::with(&[product(1, "Tea")]);
    let long = "x".repeat(10_000);
    let many = "word ".repeat(5_000);
    let texts = [
        "\u{0}",
        "*",
        "?",
        "\"",
        "\"\"",
        "a AND (b OR",
        "name:tea^9~",
        "🫖🫖",
        "שלום",
        "…",
        "--",
        "\u{202e}txt",
        "%00",
        "';--",
        &long,
        &many,
        "tea\u{0}",
        "\\",
        "[1 TO *]",
        "\u{1}tea",
    ];
    for text in texts {
        let found = world.numbers(text);
        assert!(found.len() <= 1, "for {text:?}");
        assert!(world.search.suggest(text).is_ok(), "for {text:?}");
    }
    assert!(!world.search.is_damaged());
    assert_eq!(world.numbers(""), [1], "nothing asked is everything");
}

#[test]
fn a_word_becomes_so_many_terms_and_a_text_so_many_words() {
    use super::expand::Reading;

    let letters = ('a'..='z').flat_map(|one| ('a'..='z').map(move |two| format!("tea{one}{two}")));
    let names: Vec<String> = letters.collect();
    let products: Vec<Findable> = (0..)
        .zip(names.chunks(3))
        .map(|(number, names)| product(number, &names.join(" ")))
        .collect();
    let world = World::with(&products);
    let view = world.search.0.view.load_full();
    for tolerance in [Tolerance::Unknown, Tolerance::All] {
        for reading in [Reading::Beginning, Reading::Whole, Reading::Exact] {
            for word in ["tea", "teaxx", "teaxxx"] {
                let meant = view.meanings(word, reading, tolerance).expect("meanings");
                assert!(meant.len() <= super::expand::TERMS_MAX, "{word}: {}", meant.len());
            }
        }
    }
    let many = view.meanings("tea", Reading::Beginning, Tolerance::Unknown).expect("meanings");
    assert!(many.len() > 30, "many words begin so: {}", many.len());
    let text: String = (0..500).map(|number| format!("w{number} \"q{number} r\" ")).collect();
    let typed = Typed::read(&text, &mut view.words.clone());
    let words = typed.words.len() + typed.phrases.iter().map(Vec::len).sum::<usize>();
    assert_eq!(words, super::reading::WORDS_MAX);
}

#[test]
fn an_index_of_another_language_or_that_was_cut_is_made_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    let open = |language: &str| Search::open(folder.path(), language).expect("an index");
    let (_, mut indexer, _) = open("en");
    indexer.put(&product(1, "Tea")).expect("room");
    indexer.commit(Some(Standing { position: 7, timeline: 1 })).expect("a commit");
    drop(indexer);
    let (search, indexer, standing) = open("en");
    assert_eq!(standing, Some(Standing { position: 7, timeline: 1 }));
    assert_eq!(search.size().1, 1);
    drop((search, indexer));
    assert_eq!(open("de").2, None);
    let (_, mut indexer, _) = open("de");
    indexer.put(&product(1, "Tee")).expect("room");
    indexer.commit(Some(Standing { position: 8, timeline: 1 })).expect("a commit");
    drop(indexer);
    let mut files = std::fs::read_dir(folder.path()).expect("a folder").flatten();
    let terms = files.find(|file| file.path().extension().is_some_and(|kind| kind == "term"));
    let terms = terms.expect("a file of terms").path();
    let mut bytes = std::fs::read(&terms).expect("its bytes");
    bytes[3] ^= 1;
    std::fs::write(&terms, bytes).expect("room");
    assert_eq!(open("de").2, None);
}

#[test]
fn months_of_small_changes_leave_few_segments_and_no_growing_files() {
    let products: Vec<Findable> = (1..=200).map(|number| product(number, "Green Tea")).collect();
    // In memory, where the machine has a place for that: what is asked is not how durable it is.
    let memory = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
    let mut world = World::on(memory.expect("a folder"), &products);
    let bytes = |world: &World| -> u64 {
        let files = std::fs::read_dir(world._folder.path()).expect("a folder").flatten();
        files.filter_map(|file| file.metadata().ok()).map(|about| about.len()).sum()
    };
    let (mut most_segments, mut early_bytes, mut late_bytes) = (0, 0, 0);
    for change in 0..CHANGES {
        let number = u8::try_from(change % 200 + 1).expect("small");
        let changed = Findable {
            price_minor: i64::try_from(change).expect("small"),
            ..product(number, "Green Tea")
        };
        world.indexer.put(&changed).expect("room");
        world.commit(change + 2);
        most_segments = most_segments.max(world.search.size().0);
        let seen = if change < CHANGES / 2 { &mut early_bytes } else { &mut late_bytes };
        *seen = bytes(&world).max(*seen);
    }
    // Merging runs beside the writer and may be a little behind it.
    assert!(most_segments <= SEGMENTS_USUAL, "{most_segments} segments");
    assert!(late_bytes <= early_bytes * 2, "{early_bytes} bytes became {late_bytes}");
    assert_eq!(world.search.size().1, 200);
    let request = SearchRequest { text: "tea".to_owned(), limit: 1, ..Default::default() };
    assert_eq!(world.ask(request).total, 200);
}

/// As many commits as a quiet shop makes in a month.
const CHANGES: u64 = 400;
/// Segments that are there while some of them are being merged.
const SEGMENTS_USUAL: usize = 40;

#[test]
fn no_language_is_brought_down_by_any_text() {
    let texts = [
        "",
        "\u{0}",
        "*",
        "\"open",
        "a AND (b OR",
        "\u{202e}txt",
        "🫖",
        "שלום",
        "緑茶",
        "ß",
        "ﬁ",
        "İı",
        "ข้าว",
        "\u{300}\u{301}",
        "don't",
        "1 2 3",
        "e\u{301}te\u{301}",
        "\\",
        "-",
        "ǆ",
    ];
    for language in [
        "ar", "da", "nl", "en", "fi", "fr", "de", "el", "hu", "it", "no", "pt", "ro", "ru", "es",
        "sv", "ta", "tr", "xx", "",
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let (search, mut indexer, _) = Search::open(folder.path(), language).expect("an index");
        for (number, text) in (1..).zip(texts) {
            let found = Findable { description: text.to_owned(), ..product(number, text) };
            indexer.put(&found).expect("room");
        }
        indexer.commit(Some(Standing { position: 1, timeline: 1 })).expect("a commit");
        search.show(1).expect("a view");
        for text in texts.into_iter().chain([&*"x".repeat(10_000), &*"word ".repeat(2_000)]) {
            let request = SearchRequest { text: text.to_owned(), limit: 5, ..Default::default() };
            search.query(&request).unwrap_or_else(|fault| panic!("{language} {text:?}: {fault}"));
            search.suggest(text).unwrap_or_else(|fault| panic!("{language} {text:?}: {fault}"));
        }
        assert!(!search.is_damaged(), "{language}");
    }
}
