//! Relevance: what people would type into the demo shop, and what they would want to see first.
//!
//! Each query names the products of which one should be on top. What a query is worth is one
//! divided by the place of the first of them; the mean must not fall below [`MEAN_MIN`].

use std::collections::BTreeMap;

use bodega::{
    domain::ids::{CategoryId, Identity, ProductId},
    search::{Findable, Search, SearchRequest, Standing},
};
use serde_json::Value;

/// What is typed, and any of what should come first.
const JUDGED: &[(&str, &[&str])] = &[
    // Names and parts of them.
    ("espresso", &["House Espresso Marisol"]),
    ("green tea", &["Jade Cloud Green Tea"]),
    ("black tea", &["Night Train Black Tea"]),
    ("moka pot", &["Moka Pot Clásica"]),
    ("french press", &["French Press, 1 Litre"]),
    ("sourdough", &["Country Sourdough"]),
    ("rye bread", &["Dark Rye with Caraway"]),
    ("concha", &["Concha"]),
    ("peanut butter", &["Crunchy Peanut Butter"]),
    ("chef knife", &["Chef's Knife"]),
    ("bread knife", &["Bread Knife"]),
    ("wool blanket", &["Wool Blanket"]),
    ("gift card", &["Gift Card"]),
    ("apple juice", &["Pressed Apple Juice"]),
    ("orange juice", &["Fresh Orange Juice"]),
    ("olive oil cake", &["Almond Olive Oil Cake"]),
    ("sea salt", &["Flaky Sea Salt"]),
    ("tuna", &["Tuna in Olive Oil", "White Tuna Belly"]),
    ("dark chocolate", &["Dark Chocolate Bar"]),
    ("white chocolate", &["White Chocolate with Raspberry"]),
    ("ginger beer", &["Fiery Ginger Beer"]),
    ("hot sauce", &["Jalapeño Hot Sauce"]),
    ("coconut milk", &["Coconut Milk"]),
    ("oat milk", &["Barista Oat Drink"]),
    ("hamper", &["Deli Hamper", "Tea Time Hamper", "Quiet Evening Hamper"]),
    // Half words, as they are typed.
    (
        "choc",
        &[
            "Milk Chocolate Bar",
            "Dark Chocolate Bar",
            "Sea Salt Chocolate Bar",
            "Chocolate Surprise Box",
        ],
    ),
    ("esp", &["House Espresso Marisol"]),
    ("cham", &["Chamomile Meadow"]),
    ("kombu", &["Kombucha"]),
    ("lave", &["Lavender in Zinc Pot"]),
    ("jalap", &["Jalapeño Hot Sauce", "Jalapeño Chillies, 150 g"]),
    (
        "olive o",
        &[
            "Mild Olive Oil",
            "Early Harvest Olive Oil",
            "Lemon-Pressed Olive Oil",
            "Tuna in Olive Oil",
        ],
    ),
    // Slips of the keys.
    ("expresso", &["House Espresso Marisol"]),
    (
        "choclate",
        &[
            "Milk Chocolate Bar",
            "Dark Chocolate Bar",
            "Sea Salt Chocolate Bar",
            "Chocolate Surprise Box",
        ],
    ),
    ("sourdogh", &["Country Sourdough"]),
    ("bagette", &["Baguette, Pair"]),
    ("croisant", &["Croissant au Beurre"]),
    ("brioch", &["Butter Brioche"]),
    ("tumeric", &["Ground Turmeric"]),
    ("cinamon", &["True Cinnamon"]),
    ("anchovys", &["Salt-Cured Anchovies"]),
    ("balsamico", &["Balsamic Condiment"]),
    ("mackeral", &["Mackerel Fillets"]),
    ("marmelade", &["Bitter Orange Marmalade"]),
    ("avacado", &["Avocados, 3"]),
    ("chick peas", &["Chickpeas in Water"]),
    ("bluberry jam", &["Wild Blueberry Jam"]),
    ("parprika", &["Smoked Paprika"]),
    // One and many.
    (
        "candles",
        &[
            "Amber Night Candle",
            "Garden Sage Candle",
            "Rose Courtyard Candle",
            "Bergamot Kitchen Candle",
        ],
    ),
    ("teapots", &["Stoneware Teapot"]),
    ("lemon", &["Lemons, Unwaxed", "Lemon-Pressed Olive Oil"]),
    ("potato", &["Waxy Potatoes, 2 kg"]),
    ("tomatoes", &["Vine Tomatoes, 1 kg", "Whole Peeled Tomatoes"]),
    ("mushroom", &["Chestnut Mushrooms, 300 g"]),
    ("egg", &["Free-Roaming Eggs", "Egg Tagliatelle"]),
    ("cookie", &["Piloncillo Ginger Cookies", "Dark Chocolate Chip Cookies"]),
    ("almond", &["Almonds", "Almond Nougat"]),
    // With and without accents.
    ("cafe de olla", &["Café de Olla Mix"]),
    ("creme fraiche", &["Crème Fraîche"]),
    ("manana", &["Mañana Breakfast Blend"]),
    ("jalapeno sauce", &["Jalapeño Hot Sauce"]),
    ("sauté pan", &["Copper Sauté Pan"]),
    ("praline", &["Hazelnut Praliné Bar"]),
    // Numbers of the shelf.
    ("TEA-MINT", &["Moroccan-Style Mint"]),
    ("cof-olla", &["Café de Olla Mix"]),
    ("KITBREADK", &["Bread Knife"]),
    ("COF-HOUSE-250G-WHOLE-BEAN", &["House Espresso Marisol"]),
    ("SPI-CUMIN", &["Whole Cumin"]),
    // Brand, brand and category, brand and thing.
    ("nubarra", &["Midnight Decaf", "Alto Cafetal Single Origin"]),
    ("nubarra decaf", &["Midnight Decaf"]),
    ("lindenmoor tea", &["Night Train Black Tea"]),
    (
        "tostavel coffee",
        &["Coastal Cold Brew Blend", "Rosa Natural Process", "Mañana Breakfast Blend"],
    ),
    ("fennelby yogurt", &["Blueberry Yogurt", "Honey Yogurt"]),
    (
        "cacaorre bar",
        &[
            "Milk Chocolate Bar",
            "Dark Chocolate Bar",
            "Sea Salt Chocolate Bar",
            "Hazelnut Praliné Bar",
        ],
    ),
    ("queseria altavega", &["Oveja Curada", "Altavega Mountain Cheese"]),
    ("ferrolar kettle", &["Whistling Kettle"]),
    (
        "tinned fish",
        &[
            "Sardines",
            "Mackerel Fillets",
            "Smoked Trout",
            "White Tuna Belly",
            "Tuna in Olive Oil",
            "Mussels in Escabeche",
            "Salt-Cured Anchovies",
        ],
    ),
    // What it is for, options, phrases.
    ("teapot sea green", &["Stoneware Teapot"]),
    ("skillet 20cm", &["Cast-Iron Skillet"]),
    ("\"olive oil\" lemon", &["Lemon-Pressed Olive Oil"]),
    ("the honey with chestnut", &["Chestnut Forest Honey"]),
    ("tea towel", &["Linen Tea Towel"]),
    ("coffee beans", &["House Espresso Marisol", "Alto Cafetal Single Origin", "Midnight Decaf"]),
];

#[test]
fn people_find_first_what_they_look_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let (search, mut indexer, _) = Search::open(folder.path(), "en").expect("an index");
    let mut names = BTreeMap::new();
    for found in demo_products() {
        indexer.put(&found).expect("room");
        names.insert(found.product, found.name);
    }
    indexer.commit(Some(Standing { position: 1, timeline: 1 })).expect("a commit");
    search.show(1).expect("a view");
    let (mut thousandths, mut misplaced) = (0, Vec::new());
    for (typed, wanted) in JUDGED {
        let request =
            SearchRequest { text: (*typed).to_owned(), limit: PLACES, ..Default::default() };
        let answer = search.query(&request).expect("an answer");
        let shown: Vec<&str> = answer.hits.iter().map(|hit| names[&hit.product].as_str()).collect();
        for name in *wanted {
            assert!(names.values().any(|known| known == name), "no product is named {name:?}");
        }
        let place = shown.iter().position(|name| wanted.contains(name));
        thousandths += place.map_or(0, |place| 1000 / (place + 1));
        if place != Some(0) {
            misplaced.push(format!(
                "{typed:?}: wanted {wanted:?}, shown {:?}",
                &shown[..shown.len().min(4)]
            ));
        }
    }
    let mean = thousandths / JUDGED.len();
    println!("{} queries, mean reciprocal rank {}.{:03}", JUDGED.len(), mean / 1000, mean % 1000);
    println!("{}", misplaced.join("\n"));
    assert!(JUDGED.len() >= QUERIES_MIN);
    assert!(mean >= MEAN_MIN, "the mean fell to {mean} thousandths:\n{}", misplaced.join("\n"));
}

/// The products of the demo, as search is told of them.
fn demo_products() -> Vec<Findable> {
    let catalogue: Value =
        serde_json::from_str(include_str!("../../data/demo/catalogue.json")).expect("JSON");
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let id =
        |number: usize| -> [u8; 16] { (u128::try_from(number).expect("few") + 1).to_be_bytes() };
    let categories: Vec<(String, String)> = list(&catalogue["categories"])
        .iter()
        .map(|one| (text(&one["name"]), text(&one["parent"])))
        .collect();
    // A category, and those above it.
    let way_to = |name: &Value| {
        let (mut way, mut next) = (Vec::new(), text(name));
        while !next.is_empty() {
            let at = categories.iter().position(|(known, _)| *known == next).expect("known");
            way.push((CategoryId::from_bytes(id(at)), next));
            next = categories[at].1.clone();
        }
        way
    };
    let found = list(&catalogue["products"]).into_iter().enumerate().map(|(number, product)| {
        let variants = list(&product["variants"]);
        let skus: Vec<String> = if variants.is_empty() {
            vec![text(&product["sku"])]
        } else {
            variants.iter().map(|variant| text(&variant["sku"])).collect()
        };
        let stands = list(&product["category"]);
        let categories: BTreeMap<_, _> = stands.iter().flat_map(way_to).collect();
        let options = list(&product["options"]);
        let options = options.iter().flat_map(|option| {
            list(&option["values"]).into_iter().map(|value| (text(&option["name"]), text(&value)))
        });
        Findable {
            product: ProductId::from_bytes(id(number)),
            name: text(&product["name"]),
            brand: product["brand"].as_str().map(str::to_owned),
            description: text(&product["description"]),
            skus,
            categories: categories.into_iter().collect(),
            options: options.collect(),
            in_stock: true,
            ..Findable::default()
        }
    });
    found.collect()
}

/// In thousandths.
const MEAN_MIN: usize = 900;
const QUERIES_MIN: usize = 60;
/// Hits that are looked at.
const PLACES: usize = 10;
