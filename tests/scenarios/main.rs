//! Promises, each in a file named after it, kept through the pages that people use.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod all_or_nothing;
mod any_link;
mod architecture;
mod audit;
mod booking;
mod called_off;
mod changed_times;
mod command_line;
mod course_dates;
mod course_texts;
mod database_away;
mod feedback;
mod guards;
mod known_or_not;
mod last_place;
mod leaves_no_trace;
mod links_of_forms;
mod links_stop;
mod lost_links;
mod missed_a_day;
mod new_dates;
mod on_the_disk;
mod one_person;
mod people;
mod power_cut;
mod register;
mod relay_away;
mod reminders;
mod reports;
mod reviews;
mod sent_twice;
mod settings;
mod sign_in;
mod team_bookings;
mod team_dates;
mod team_mail;
mod team_tasks;
mod team_told;
mod texts;
mod too_many;
mod typed_text;
mod waiting_list;
mod who_may;
mod without_email;
