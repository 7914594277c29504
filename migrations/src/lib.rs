//! The schema, step by step. Rules for writing a step are in `migrations/README.md`.
//!
//! A step knows nothing of the domains: it must mean the same next year.

use sea_orm_migration::prelude::*;

mod column;
mod m20261120_000001_settings;
mod m20261120_000002_courses;
mod m20261120_000003_people;
mod m20261120_000004_bookings;
mod m20261120_000005_mail;
mod m20261120_000006_forms;
mod m20261125_000007_addresses;
mod m20261125_000008_sign_in;
mod m20261125_000009_session_ends;
mod m20261125_000010_audit;
mod m20261125_000013_task_outcomes;
mod m20261125_000016_certificates;
mod m20261125_000018_let_in;
mod m20261125_000021_evaluation;
mod m20261125_000022_course_review;
mod m20261125_000023_texts;
mod m20261125_000024_course_approval;
mod m20261125_000026_frameworks;
mod m20261125_000027_placements;
mod m20261125_000028_booklets;

/// All steps, in order.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261120_000001_settings::Migration),
            Box::new(m20261120_000002_courses::Migration),
            Box::new(m20261120_000003_people::Migration),
            Box::new(m20261120_000004_bookings::Migration),
            Box::new(m20261120_000005_mail::Migration),
            Box::new(m20261120_000006_forms::Migration),
            Box::new(m20261125_000007_addresses::Migration),
            Box::new(m20261125_000008_sign_in::Migration),
            Box::new(m20261125_000009_session_ends::Migration),
            Box::new(m20261125_000010_audit::Migration),
            Box::new(m20261125_000013_task_outcomes::Migration),
            Box::new(m20261125_000016_certificates::Migration),
            Box::new(m20261125_000018_let_in::Migration),
            Box::new(m20261125_000021_evaluation::Migration),
            Box::new(m20261125_000022_course_review::Migration),
            Box::new(m20261125_000023_texts::Migration),
            Box::new(m20261125_000024_course_approval::Migration),
            Box::new(m20261125_000026_frameworks::Migration),
            Box::new(m20261125_000027_placements::Migration),
            Box::new(m20261125_000028_booklets::Migration),
        ]
    }
}
