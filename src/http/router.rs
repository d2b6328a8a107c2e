//! Router: finds the operation for a method and a path. One slash at the end does not matter;
//! fixed paths go before those with parameters, and the longer beginning before the shorter.

use std::{borrow::Cow, collections::HashMap};

use actix_web::http::Method;

use super::{fields::decode, table::Operation};

/// All operations, by path.
pub struct Router<S> {
    operations: Vec<Operation<S>>,
    fixed: HashMap<&'static str, Vec<usize>>,
    /// By what they begin with, up to the slash before the first parameter.
    templates: HashMap<&'static str, Vec<Template>>,
    /// Bytes of the longest of these beginnings.
    longest: usize,
}

/// What stands at a path.
pub enum Found<'a> {
    /// An operation, by its place in the table, and what the path says.
    Operation(usize, Params<'a>),
    /// Only other methods.
    OtherMethods(Vec<Method>),
    /// Nothing.
    Nothing,
}

/// The parameters of a path, in their order, as they were sent.
#[derive(Clone, Copy, Debug, Default)]
pub struct Params<'a> {
    values: [Option<&'a str>; PARAMETERS_MAX],
}

struct Template {
    rest: Vec<Part>,
    operations: Vec<usize>,
}

#[derive(PartialEq, Eq)]
enum Part {
    Fixed(&'static str),
    Parameter,
}

impl<'a> Params<'a> {
    /// The parameter at this place, decoded.
    pub fn get(&self, index: usize) -> Option<Cow<'a, str>> {
        decode(self.values.get(index).copied()??, false)
    }
}

impl<S> Router<S> {
    /// Routes to these operations.
    ///
    /// # Panics
    /// If two of them have the same method and path: a mistake in the table.
    pub fn new(operations: Vec<Operation<S>>) -> Router<S> {
        let (fixed, templates) = (HashMap::new(), HashMap::new());
        let mut router = Router { operations, fixed, templates, longest: 0 };
        for index in 0..router.operations.len() {
            router.insert(index);
        }
        router
    }

    /// All operations, in the order of the table.
    pub fn operations(&self) -> &[Operation<S>] {
        &self.operations
    }

    /// What stands at this path for this method; `HEAD` is a `GET` without the body.
    pub fn find<'a>(&self, method: &Method, path: &'a str) -> Found<'a> {
        let path = trimmed(path);
        let method = if method == Method::HEAD { &Method::GET } else { method };
        let mut allowed = Vec::new();
        if let Some(there) = self.fixed.get(path) {
            match self.choose(there, method, &mut allowed) {
                Some(index) => return Found::Operation(index, Params::default()),
                None => return Found::OtherMethods(allowed),
            }
        }
        let slashes = path.rmatch_indices('/').filter(|(at, _)| *at < self.longest);
        let beginnings = slashes.filter_map(|(at, _)| path.split_at_checked(at + 1));
        let templates = beginnings.filter_map(|(prefix, rest)| {
            Some(self.templates.get(prefix)?.iter().map(move |template| (template, rest)))
        });
        for (template, rest) in templates.flatten() {
            let Some(params) = template.matches(rest) else { continue };
            if let Some(index) = self.choose(&template.operations, method, &mut allowed) {
                return Found::Operation(index, params);
            }
        }
        if allowed.is_empty() { Found::Nothing } else { Found::OtherMethods(allowed) }
    }

    /// The page that a form stands on whose address is asked for as a page, as after signing in or
    /// when a tab comes back: the nearest one above it.
    pub fn page_above<'a>(&self, method: &Method, path: &'a str) -> Option<&'a str> {
        let is_page = |method: &Method, path: &str| match self.find(method, path) {
            Found::Operation(index, _) => self.operations[index].is_page,
            Found::OtherMethods(_) | Found::Nothing => false,
        };
        if *method != Method::GET || !is_page(&Method::POST, path) {
            return None;
        }
        let mut ends = path.rmatch_indices('/').filter_map(|(at, _)| path.get(..at.max(1)));
        ends.find(|above| is_page(&Method::GET, above))
    }

    fn choose(&self, there: &[usize], method: &Method, allowed: &mut Vec<Method>) -> Option<usize> {
        let found = there.iter().copied().find(|index| self.operations[*index].method == *method);
        if found.is_none() {
            allowed.extend(there.iter().map(|index| self.operations[*index].method.clone()));
        }
        found
    }

    fn insert(&mut self, index: usize) {
        let Operation { path, ref method, .. } = self.operations[index];
        let path = trimmed(path);
        let there = match path.find('{') {
            None => self.fixed.entry(path).or_default(),
            Some(brace) => {
                let (prefix, rest) = path.split_at(brace);
                let rest: Vec<Part> = rest.split('/').map(Part::of).collect();
                self.longest = self.longest.max(prefix.len());
                let templates = self.templates.entry(prefix).or_default();
                let known = templates.iter().position(|known| known.rest == rest);
                let place = known.unwrap_or_else(|| {
                    templates.push(Template { rest, operations: Vec::new() });
                    templates.len() - 1
                });
                &mut templates[place].operations
            }
        };
        let taken = there.iter().any(|other| self.operations[*other].method == *method);
        assert!(!taken, "two operations for {method} {path}");
        there.push(index);
    }
}

impl Template {
    fn matches<'a>(&self, rest: &'a str) -> Option<Params<'a>> {
        let mut segments = rest.split('/');
        let mut params = Params::default();
        let mut places = params.values.iter_mut();
        for part in &self.rest {
            let segment = segments.next()?;
            match part {
                Part::Fixed(fixed) if *fixed == segment => {}
                Part::Parameter if !segment.is_empty() => *places.next()? = Some(segment),
                Part::Fixed(_) | Part::Parameter => return None,
            }
        }
        segments.next().is_none().then_some(params)
    }
}

impl Part {
    fn of(segment: &'static str) -> Part {
        if segment.starts_with('{') { Part::Parameter } else { Part::Fixed(segment) }
    }
}

/// The names of a template's parameters, in their order.
pub fn parameter_names(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
}

fn trimmed(path: &str) -> &str {
    path.strip_suffix('/').filter(|rest| !rest.is_empty()).unwrap_or(path)
}

const PARAMETERS_MAX: usize = 3;
