//! `alongside settings`: what the team can change while the program runs.

use booking::settings::{CATALOGUE, Setting};
use clap::{Args, Subcommand};

use super::open::{For, open};
use super::{Failure, Places, say};
use crate::audit::Doer;
use crate::settings::{self, Values};
use crate::sign_in::numbers;
use crate::site;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  alongside settings                                   all of them, with what they mean
  alongside settings set org_name \"Anytown Trust\"      whose service it is
  alongside settings set contact_phone \"01632 960123\"  the number that people can call
  alongside settings set offer_window 24               hours to answer an offer

A change counts from the next page and the next mail on; the service need not be restarted.")]
pub(super) struct Options {
    #[command(subcommand)]
    act: Option<Act>,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Change one setting
    #[command(after_help = "\
Examples:
  alongside settings set reminder \"7 1\"      several numbers go in one pair of quotes
  alongside settings set neutral_name \"\"     empty: the usual value")]
    Set {
        /// As in the list of settings
        name: String,
        /// Its new value
        #[arg(allow_hyphen_values = true)]
        value: String,
    },
}

pub(super) async fn run(places: &Places, options: Options) -> Result<(), Failure> {
    let opened = open(places, For::AMoment).await?;
    let mut values = Values::load(opened.app.reader()).await?;
    let Some(Act::Set { name, value }) = options.act else {
        list(&values);
        return Ok(());
    };
    values
        .set(&name, &value)
        .map_err(|why| Failure::Usage(why.to_string()))?;
    let value = values.get(&name).unwrap_or(value);
    let (of, to) = (&name, &value);
    opened
        .app
        .change(|work| async move {
            work.take_turns().await?;
            let from = Values::load(work.tx()).await?.get(of).unwrap_or_default();
            settings::store(&work, Doer::Command, of, &from, to).await
        })
        .await?;
    say(&format!("{name} is now {value:?}."));
    Ok(())
}

fn list(values: &Values) {
    say("The organisation, as pages and mails show it");
    for (name, _, purpose) in site::ORGANISATION {
        let value = values.get(name).unwrap_or_default();
        say(&format!("  {name:<22} {:<30} {purpose}", format!("{value:?}")));
    }
    say("\nThe rules of booking");
    for setting in CATALOGUE {
        say_one(setting, &values.get(setting.name).unwrap_or_default());
    }
    say("\nLogging in");
    for (setting, _) in &numbers::CATALOGUE {
        say_one(setting, &values.get(setting.name).unwrap_or_default());
    }
    say("\nChange one with: alongside settings set NAME VALUE");
}

fn say_one(setting: &Setting, value: &str) {
    say(&format!(
        "  {:<22} {value:<14} {:<27} {}",
        setting.name,
        range(setting),
        setting.purpose
    ));
}

fn range(setting: &Setting) -> String {
    match setting.unit {
        "time" => "a time of day".to_owned(),
        unit => format!("{} to {} {unit}", setting.least, setting.most),
    }
}
