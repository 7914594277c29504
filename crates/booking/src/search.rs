//! Looking bookings up, as the team does: by words, state and dates, a page at a time (U-40). The number
//! of what was found, a page of it and a list to save come from one query.

use ids::RunId;
use sea_orm::sea_query::{
    Alias, Expr, ExprTrait, Func, LikeExpr, Order, Query, SelectStatement, SubQueryStatement,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use crate::bookings::{BookingRecord, record_of};
use crate::entity::{booking as b, session as s};
use crate::error::Error;

/// What to look for; nothing given finds every booking.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// Words of a name or address, a phone number, or a reference.
    pub words: String,
    /// The names of the states that count; all if empty.
    pub states: Vec<&'static str>,
    /// The dates.
    pub run: Option<RunId>,
    /// In which order.
    pub sort: Sort,
    /// The other way round.
    pub descending: bool,
}

/// By what the found are ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// When the booking was made.
    #[default]
    Made,
    /// The name of the person.
    Name,
    /// The first day.
    Dates,
    /// The word for the state.
    State,
}

impl Search {
    /// How many there are.
    pub async fn count(&self, db: &impl ConnectionTrait) -> Result<u64, Error> {
        Ok(self.query().count(db).await?)
    }

    /// Some of them, in order.
    pub async fn page(
        &self,
        db: &impl ConnectionTrait,
        skip: u64,
        many: u64,
    ) -> Result<Vec<BookingRecord>, Error> {
        let order = if self.descending { Order::Desc } else { Order::Asc };
        let ordered = self.query().order_by(self.key(), order.clone());
        let rows = ordered.order_by(b::Column::Id, order).offset(skip).limit(many);
        rows.all(db).await?.into_iter().map(record_of).collect()
    }

    fn query(&self) -> sea_orm::Select<b::Entity> {
        let mut query = b::Entity::find();
        if !self.states.is_empty() {
            query = query.filter(b::Column::State.is_in(self.states.iter().copied()));
        }
        if let Some(run) = self.run {
            query = query.filter(b::Column::Run.eq(run));
        }
        if self.words.trim().is_empty() {
            return query;
        }
        query.filter(named(&self.words))
    }

    fn key(&self) -> Expr {
        match self.sort {
            Sort::Made => b::Column::CreatedAt.into_expr(),
            Sort::State => b::Column::State.into_expr(),
            Sort::Name => only(
                Query::select()
                    .expr(Func::lower(person("full_name")))
                    .from(Alias::new("person"))
                    .and_where(person("id").equals((b::Entity, b::Column::Person)))
                    .take(),
            ),
            Sort::Dates => only(
                Query::select()
                    .expr(Func::min(Expr::col((s::Entity, s::Column::StartsAt))))
                    .from(s::Entity)
                    .and_where(Expr::col((s::Entity, s::Column::Run)).equals((b::Entity, b::Column::Run)))
                    .take(),
            ),
        }
    }
}

fn only(query: SelectStatement) -> Expr {
    Expr::SubQuery(None, Box::new(SubQueryStatement::SelectStatement(query)))
}

/// A column of the people, whose rows belong to others: here they are only looked through.
fn person(column: &'static str) -> Expr {
    Expr::col((Alias::new("person"), Alias::new(column)))
}

/// The ids of people who have all these words in name or address, or this phone number.
pub fn people(words: &str) -> SelectStatement {
    let mut by_name = Condition::all();
    for word in words.split_whitespace() {
        let pattern = within(&word.to_lowercase());
        let columns = ["full_name", "called_name", "email"];
        let has = |it| Expr::expr(Func::lower(person(it))).like(pattern.clone());
        by_name = by_name.add(
            columns
                .into_iter()
                .fold(Condition::any(), |any, it| any.add(has(it))),
        );
    }
    let mut people = Condition::any().add(by_name);
    let digits: String = words.chars().filter(char::is_ascii_digit).collect();
    let is_number = words
        .chars()
        .all(|it| it.is_ascii_digit() || " +-()".contains(it));
    if is_number && digits.len() > 3 {
        people = people.add(without_gaps(person("phone")).like(within(&digits)));
    }
    Query::select()
        .expr(person("id"))
        .from(Alias::new("person"))
        .cond_where(people)
        .take()
}

/// Whether the person is one of those, or the reference is this.
fn named(words: &str) -> Condition {
    let key: String = words.chars().filter(char::is_ascii_alphanumeric).collect();
    let mut any = Condition::any().add(b::Column::Person.in_subquery(people(words)));
    if key.len() > 3 {
        let reference = without_gaps(b::Column::Reference.into_expr());
        any = any.add(reference.like(within(&key.to_uppercase())));
    }
    any
}

/// A text without what people put between digits.
fn without_gaps(text: Expr) -> Expr {
    [" ", "-", "(", ")"].into_iter().fold(text, |text, gap| {
        Expr::expr(Func::cust(Alias::new("replace")).args([text, Expr::val(gap), Expr::val("")]))
    })
}

/// Anywhere in a text; what people type is no pattern (T-53).
fn within(text: &str) -> LikeExpr {
    let mut pattern = String::from("%");
    for it in text.chars() {
        if matches!(it, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(it);
    }
    pattern.push('%');
    LikeExpr::new(pattern).escape('\\')
}
