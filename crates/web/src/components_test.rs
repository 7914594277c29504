//! The components and layouts of `templates/`, compared with the library's own examples (`ui/fixtures`).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{env, fs};

use scraper::{ElementRef, Html, Node, Selector};
use serde_json::{Value, json};
use tera::{Context, Tera};

fn crate_file(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Components and layouts, by the names they have in the product.
fn templates() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for folder in ["components", "layouts"] {
        let path = crate_file("../../templates").join(folder);
        for entry in fs::read_dir(&path)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
            .flatten()
        {
            let name = format!("{folder}/{}", entry.file_name().to_string_lossy());
            found.push((name, read(&entry.path())));
        }
    }
    found
}

fn render(template: &str, context: &Value) -> String {
    let mut tera = Tera::default();
    let page = ("page.html".to_owned(), template.to_owned());
    let context = Context::from_serialize(context).unwrap_or_else(|error| panic!("{error}"));
    tera.add_raw_templates(templates().into_iter().chain([page]))
        .unwrap_or_else(|error| panic!("{error}"));
    tera.render("page.html", &context)
        .unwrap_or_else(|error| panic!("{error}"))
}

/// One line for each start tag, end tag and text; attributes by name. White space with a line break at the edge of a
/// text is layout and does not count, any other is a space.
fn normalised(html: &str) -> String {
    let mut lines = Vec::new();
    list_children(Html::parse_fragment(html).root_element(), &mut lines);
    lines.join("\n")
}

fn list_children(element: ElementRef<'_>, lines: &mut Vec<String>) {
    for child in element.children() {
        if let Node::Text(text) = child.value() {
            lines.extend(normalised_text(text));
        }
        if let Some(child) = ElementRef::wrap(child) {
            let attributes: BTreeSet<_> = child
                .value()
                .attrs()
                .map(|(name, value)| format!(" {name}={value:?}"))
                .collect();
            let name = child.value().name();
            lines.push(format!("<{name}{}>", attributes.into_iter().collect::<String>()));
            list_children(child, lines);
            lines.push(format!("</{name}>"));
        }
    }
}

fn normalised_text(text: &str) -> Option<String> {
    let space = |edge: &str| {
        if edge.is_empty() || edge.contains('\n') {
            ""
        } else {
            " "
        }
    };
    let (before, after) = (text.len() - text.trim_start().len(), text.trim_end().len());
    if after == 0 {
        return Some(space(text).to_owned()).filter(|it| !it.is_empty());
    }
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    Some(format!(
        "{}{words}{}",
        space(&text[..before]),
        space(&text[after..])
    ))
}

/// The words of `"words"`, `{"text": "words"}` or `{"heading": "words"}`.
fn words(value: &Value) -> Value {
    let map_words = value.get("heading").or(value.get("text")).cloned();
    if value.is_string() {
        value.clone()
    } else {
        map_words.unwrap_or_default()
    }
}

fn each(values: &Value, change: impl Fn(&Value) -> Value) -> Value {
    values
        .as_array()
        .map(|values| values.iter().map(change).collect())
        .unwrap_or_default()
}

/// Our component for one of the library's examples, and our arguments for the library's options.
fn call(component: &str, it: &Value) -> (&'static str, Value) {
    form_call(component, it)
        .or_else(|| box_call(component, it))
        .or_else(|| list_call(component, it))
        .unwrap_or_else(|| panic!("no component for {component}"))
}

fn form_call(component: &str, it: &Value) -> Option<(&'static str, Value)> {
    let call = match component {
        "button" if it["href"].is_string() => (
            "nhs.link_button",
            json!({"text": it["text"], "href": it["href"], "variant": it["variant"], "small": it["small"]}),
        ),
        "button" => (
            "nhs.button",
            json!({
                "text": it["text"], "variant": it["variant"], "small": it["small"],
                "prevent_double_click": it["preventDoubleClick"],
            }),
        ),
        "checkboxes" => ("nhs.checkboxes", group(it)),
        "error-message" => ("nhs.error_message", json!({"text": it["text"]})),
        "error-summary" => (
            "nhs.error_summary",
            json!({"heading": words(&it["heading"]), "errors": it["errorList"]}),
        ),
        "fieldset" => (
            "nhs.fieldset",
            json!({
                "legend": words(&it["legend"]), "size": it["legend"]["size"],
                "page_heading": it["legend"].get("heading").is_some(),
            }),
        ),
        "hint" => ("nhs.hint", json!({"text": it["text"]})),
        "input" => {
            let spellcheck = it["spellcheck"].as_bool().map(|it| it.to_string());
            let more = json!({
                "width": it["width"], "code": it["code"], "inputmode": it["inputmode"], "spellcheck": spellcheck,
            });
            ("nhs.input", with(field(it), more))
        }
        "legend" => (
            "nhs.legend",
            json!({"text": words(it), "size": it["size"], "page_heading": true}),
        ),
        "radios" => ("nhs.radios", with(group(it), json!({"inline": it["inline"]}))),
        "select" => ("nhs.select", with(field(it), json!({"items": it["items"]}))),
        "textarea" => ("nhs.textarea", field(it)),
        _ => return None,
    };
    Some(call)
}

/// What input, textarea and select have in common.
fn field(it: &Value) -> Value {
    let label = &it["label"];
    json!({
        "name": it["name"], "id": it["id"], "value": it["value"], "autocomplete": it["autocomplete"],
        "hint": words(&it["hint"]), "error": words(&it["errorMessage"]),
        "label": words(label), "label_size": label["size"], "page_heading": label.get("heading").is_some(),
    })
}

/// What radios and checkboxes have in common.
fn group(it: &Value) -> Value {
    let legend = &it["fieldset"]["legend"];
    let option = |item: &Value| {
        json!({
            "value": item["value"], "text": item["text"], "hint": words(&item["hint"]), "divider": item["divider"],
            "exclusive": item["behaviour"] == "exclusive",
        })
    };
    json!({
        "name": it["name"], "id": it["idPrefix"], "items": each(&it["items"], option), "value": it["value"],
        "hint": words(&it["hint"]), "error": words(&it["errorMessage"]), "small": it["small"],
        "legend": words(legend), "legend_size": legend["size"], "page_heading": legend.get("heading").is_some(),
    })
}

fn with(mut arguments: Value, more: Value) -> Value {
    if let (Some(arguments), Value::Object(more)) = (arguments.as_object_mut(), more) {
        arguments.extend(more);
    }
    arguments
}

fn box_call(component: &str, it: &Value) -> Option<(&'static str, Value)> {
    let call = match component {
        "card" => (
            "nhs.card",
            json!({
                "heading": words(&it["heading"]), "heading_level": it["heading"]["level"],
                "heading_size": it["heading"]["size"], "href": it["href"], "description": words(&it["description"]),
                "variant": it["variant"], "clickable": it["clickable"],
            }),
        ),
        "details" => (
            "nhs.details",
            json!({
                "summary": words(&it["summary"]), "text": it["text"], "open": it["open"],
                "expander": it["classes"] == "nhsuk-expander",
            }),
        ),
        "inset-text" => ("nhs.inset", json!({"text": it["text"]})),
        "notification-banner" => {
            // The library's default for success interrupts; ours is a region unless told otherwise.
            let interrupts = it["variant"] == "success" && it["role"].is_null();
            (
                "nhs.notification",
                json!({
                    "text": it["text"], "heading": words(&it["heading"]), "title": words(&it["title"]),
                    "variant": it["variant"], "role": if interrupts { "alert".into() } else { it["role"].clone() },
                }),
            )
        }
        "panel" => (
            "nhs.panel",
            json!({"heading": words(&it["heading"]), "size": it["heading"]["size"], "text": it["text"]}),
        ),
        "tag" => ("nhs.tag", json!({"text": it["text"], "colour": it["colour"]})),
        "warning-callout" => (
            "nhs.warning",
            json!({"heading": words(&it["heading"]), "text": it["text"]}),
        ),
        _ => return None,
    };
    Some(call)
}

fn list_call(component: &str, it: &Value) -> Option<(&'static str, Value)> {
    let call = match component {
        "back-link" => ("nhs.back_link", json!({"href": it["href"], "text": it["text"]})),
        "breadcrumb" => ("nhs.breadcrumb", json!({"items": it["items"]})),
        "pagination" => (
            "nhs.pagination",
            json!({
                "items": it["items"], "previous": it["previous"]["href"], "next": it["next"]["href"],
                "previous_label": it["previous"]["label"], "next_label": it["next"]["label"],
            }),
        ),
        "skip-link" => ("nhs.skip_link", json!({"href": it["href"], "text": it["text"]})),
        "summary-list" => (
            "nhs.summary_list",
            json!({
                "rows": each(&it["rows"], summary_row), "border": it["border"], "last_row_border": it["lastRowBorder"],
            }),
        ),
        "tables" => (
            "nhs.table",
            json!({
                "caption": words(&it["caption"]), "caption_size": it["caption"]["size"], "head": it["head"],
                "rows": it["rows"], "first_cell_is_header": it["firstCellIsHeader"], "responsive": it["responsive"],
            }),
        ),
        _ => return None,
    };
    Some(call)
}

fn summary_row(row: &Value) -> Value {
    let html = row["value"]["html"].as_str().unwrap_or_default();
    let paragraphs: Vec<_> = html
        .lines()
        .filter_map(|it| it.trim().strip_prefix("<p>")?.strip_suffix("</p>"))
        .collect();
    let lines: Vec<_> = html
        .split("<br>")
        .map(str::trim)
        .filter(|it| !it.is_empty() && !it.starts_with('<'))
        .collect();
    let action = &row["actions"]["items"][0];
    json!({
        "key": words(&row["key"]), "value": words(&row["value"]), "lines": lines, "paragraphs": paragraphs,
        "change": action["href"], "change_hidden": action["visuallyHiddenText"],
    })
}

/// An option the example does not have is an argument we do not give.
fn without_nulls(value: &Value) -> Value {
    if let Some(map) = value.as_object() {
        let given = map.iter().filter(|(_, it)| !it.is_null());
        given.map(|(key, it)| (key.clone(), without_nulls(it))).collect()
    } else if let Some(values) = value.as_array() {
        values.iter().map(without_nulls).collect()
    } else {
        value.clone()
    }
}

#[test]
fn components_are_what_the_library_shows() {
    let wanted: Value =
        serde_json::from_str(&read(&crate_file("ui/fixtures/wanted.json"))).unwrap_or_default();
    let mut compared = 0;
    for (component, names) in wanted.as_object().into_iter().flatten() {
        let fixtures: Value =
            serde_json::from_str(&read(&crate_file(&format!("ui/fixtures/{component}.json"))))
                .unwrap_or_default();
        let fixtures = fixtures.as_array().cloned().unwrap_or_default();
        assert_eq!(
            fixtures.len(),
            names.as_array().map_or(0, Vec::len),
            "{component}: run build.mjs"
        );
        for fixture in fixtures {
            let (name, arguments) = call(component, &fixture["context"]);
            let template = match fixture["body"].as_str().unwrap_or_default() {
                "" if component != "fieldset" => format!("{{{{<{name} {{...arguments}} />}}}}"),
                body => format!(
                    "{{% <{name} {{...arguments}}> %}}{{% raw %}}{body}{{% endraw %}}{{% </{name}> %}}"
                ),
            };
            let ours = render(&template, &json!({"arguments": without_nulls(&arguments)}));
            let theirs = fixture["html"].as_str().unwrap_or_default();
            assert_eq!(
                normalised(&ours),
                normalised(theirs),
                "{component}: {}",
                fixture["name"]
            );
            compared += 1;
        }
    }
    assert!(compared > 80, "{compared}");
}

#[test]
fn white_space_that_a_reader_would_hear_counts() {
    assert_eq!(normalised("<p>\n  a b\n</p>"), normalised("<p>a  b</p>"));
    assert_ne!(normalised("<p>a<b> c</b></p>"), normalised("<p>a<b>c</b></p>"));
    assert_ne!(normalised("<p>a <b>c</b></p>"), normalised("<p>a<b>c</b></p>"));
}

#[test]
fn a_field_names_its_hint_and_then_its_error() {
    let fields = [
        r#"{{<nhs.input name="f" label="L" hint error />}}"#,
        r#"{{<nhs.textarea name="f" label="L" hint error />}}"#,
        r#"{{<nhs.select name="f" label="L" items={items} hint error />}}"#,
        r#"{{<nhs.radios name="f" legend="L" items={items} hint error />}}"#,
        r#"{{<nhs.checkboxes name="f" legend="L" items={items} hint error />}}"#,
        r#"{{<nhs.checkboxes name="f" items={items} hint error />}}"#,
    ];
    let items = json!([{"value": "a", "text": "A"}]);
    for field in fields {
        let described = |hint: Value, error: Value| {
            let html = Html::parse_fragment(&render(
                field,
                &json!({"hint": hint, "error": error, "items": items}),
            ));
            let all = Selector::parse("[aria-describedby]").unwrap_or_else(|error| panic!("{error}"));
            html.select(&all)
                .filter_map(|it| it.attr("aria-describedby"))
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        assert_eq!(described(json!("H"), json!("E")), ["f-hint f-error"], "{field}");
        assert_eq!(described(Value::Null, json!("E")), ["f-error"], "{field}");
        assert_eq!(described(json!("H"), Value::Null), ["f-hint"], "{field}");
        assert_eq!(described(Value::Null, Value::Null), [""; 0], "{field}");
    }
}

#[test]
fn what_a_person_typed_is_escaped_everywhere() {
    let evil = "\"><script>x</script>'&";
    let page = r#"
        {{<nhs.input name="a" label={evil} value={evil} hint={evil} error={evil} />}}
        {{<nhs.textarea name="b" label={evil} value={evil} />}}
        {{<nhs.radios name="c" legend={evil} items={[{"value": evil, "text": evil, "hint": evil}]} />}}
        {{<nhs.summary_list rows={[{"key": evil, "value": evil}, {"key": evil, "lines": [evil]}, {"key": evil, "typed": evil}]} />}}
        {{<nhs.table caption={evil} head={[evil]} rows={[[evil], [{"text": evil, "href": evil, "hidden": evil}]]} />}}
        {{<al.course_card heading={evil} status={evil} facts={[{"name": evil, "text": evil}]} action={evil} href={evil} />}}
        {% <nhs.inset> %}<p>{{ evil }}</p>{% </nhs.inset> %}
        {{<nhs.panel heading={evil} text={evil} />}}{{<al.op op={evil} />}}{{<al.back href={evil} hidden={evil} />}}"#;
    let html = render(page, &json!({"evil": evil}));
    assert!(!html.contains("<script"), "{html}");
    let parsed = Html::parse_fragment(&html);
    let typed = Selector::parse("input[name=a]").unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(
        parsed.select(&typed).next().and_then(|it| it.attr("value")),
        Some(evil)
    );
}

/// Names in the library's markup that its stylesheet does not have.
const HOOKS: [&str; 4] = [
    "nhsuk-header__navigation-item--current",
    "nhsuk-notification-banner-title",
    "nhsuk-pagination__link--next",
    "nhsuk-pagination__link--prev",
];

#[test]
fn every_class_has_a_style() {
    let styles = read(&crate_file("static/nhsuk-10.6.1.css")) + &read(&crate_file("static/app.css"));
    for (name, template) in templates() {
        for class in template.split(['"', ' ', '{', '}', '.', '\'']) {
            let ours = class.starts_with("nhsuk-") || class.starts_with("al-");
            // Names put together in the template, script hooks, the wrapper without a style of its own.
            let known = class.ends_with(['-', '_']) || class.contains("__hint") || !class.is_ascii();
            if ours && !known && !HOOKS.contains(&class) {
                assert!(styles.contains(&format!(".{class}")), "{name}: {class}");
            }
        }
    }
}

#[test]
fn templates_keep_the_rules() {
    for (name, template) in templates() {
        for banned in [
            "<style", "style=", "| safe", "|safe", "onclick", "http://", "https://", "required", "disabled",
        ] {
            let allowed = banned == "http://" && template.contains("xmlns=");
            assert!(allowed || !template.contains(banned), "{name}: {banned}");
        }
        let scripts = template.matches("<script").count();
        assert_eq!(
            scripts,
            template
                .matches(r#"<script type="module" src="{{ site.app_js }}"></script>"#)
                .count(),
            "{name}"
        );
    }
}

fn site() -> Value {
    json!({
        "org_name": "Anytown Healthcare", "service_name": "Peer support training",
        "neutral_name": "Courses at Anytown Healthcare", "header": "blue", "logo_url": "", "logo_alt": "",
        "contact_email": "courses@example.org", "contact_phone": "01632 960 001", "contact_call": "tel:01632960001",
        "contact_hours": "Monday to Friday, 9am to 5pm", "contact_line": "Courses Team, Anytown Healthcare.",
        "support_question": "Need to talk to someone now?",
        "support": [{"text": "Call NHS "}, {"text": "111", "href": "tel:111"}, {"text": ". Unsure? Call us."}],
        "css": ["/static/a.css"], "theme_css": "/theme-a.css", "app_js": "/static/a.js", "favicon": "/static/a.svg",
        "rehearsal": "",
    })
}

fn page(layout: &str, current: &str, site: &Value) -> Html {
    let current = if current.is_empty() {
        String::new()
    } else {
        format!("{{% block current %}}{current}{{% endblock %}}")
    };
    let template = format!(
        "{{% extends \"layouts/{layout}.html\" %}}{{% block title_prefix %}}Error: {{% endblock %}}\
         {{% block title %}}Find a course{{% endblock %}}{current}\
         {{% block before_main %}}{{{{<al.back href=\"/x\" />}}}}{{% endblock %}}\
         {{% block main %}}<h1>Find a course</h1>{{% endblock %}}"
    );
    Html::parse_document(&render(&template, &json!({"site": site})))
}

fn texts(html: &Html, selector: &str) -> Vec<String> {
    let selector = Selector::parse(selector).unwrap_or_else(|error| panic!("{error}"));
    let text = |it: ElementRef<'_>| {
        it.text()
            .collect::<String>()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    html.select(&selector).map(text).collect()
}

#[test]
fn layouts_finish_the_title() {
    let title = |layout| texts(&page(layout, "", &site()), "title");
    assert_eq!(
        title("public"),
        ["Error: Find a course – Peer support training – Anytown Healthcare"]
    );
    assert_eq!(
        title("task"),
        ["Error: Find a course – Courses at Anytown Healthcare"]
    );
}

#[test]
fn only_visitors_see_the_menu_and_where_they_are() {
    let visitors = page("public", "how-it-works", &site());
    assert_eq!(
        texts(&visitors, "nav[aria-label=Menu] a"),
        ["Courses", "How it works", "Contact us", "Log in"]
    );
    assert_eq!(texts(&visitors, "[aria-current]"), ["How it works"]);
    assert_eq!(texts(&page("public", "", &site()), "[aria-current]"), [""; 0]);
    assert_eq!(texts(&page("task", "", &site()), "nav[aria-label=Menu]"), [""; 0]);
}

#[test]
fn support_text_is_on_every_page_word_for_word() {
    for layout in ["public", "task"] {
        let html = page(layout, "", &site());
        let strip = "Need to talk to someone now? Call NHS 111. Unsure? Call us. More ways to get support";
        assert_eq!(texts(&html, "main ~ *, div ~ aside.al-help"), [strip], "{layout}");
        assert_eq!(texts(&html, ".al-help strong"), ["Need to talk to someone now?"]);
        assert_eq!(texts(&html, ".al-help a[href='tel:111']"), ["111"]);
        assert_eq!(texts(&html, "footer a").len(), 8);
    }
    let mut short = site();
    short["support_question"] = json!("");
    short["support"] = json!([{"text": "Call us."}]);
    assert_eq!(
        texts(&page("task", "", &short), ".al-help p"),
        ["Call us. More ways to get support"]
    );
}

#[test]
fn a_rehearsal_says_so() {
    for layout in ["public", "task"] {
        assert_eq!(
            texts(&page(layout, "", &site()), "[aria-label=Rehearsal]"),
            [""; 0]
        );
        let mut rehearsal = site();
        rehearsal["rehearsal"] = json!("Rehearsal: invented people, nothing is sent.");
        let banner = texts(&page(layout, "", &rehearsal), "[aria-label=Rehearsal]");
        assert_eq!(
            banner,
            ["Rehearsal: invented people, nothing is sent. Change the time or read the emails"]
        );
    }
}

#[test]
fn a_logo_stands_for_the_name_of_the_organisation() {
    let mut with_logo = site();
    with_logo["logo_url"] = json!("/static/logo.svg");
    with_logo["logo_alt"] = json!("Anytown Healthcare");
    let html = page("public", "", &with_logo);
    assert_eq!(texts(&html, ".nhsuk-header__service"), ["Peer support training"]);
    let logo = Selector::parse("header img").unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(
        html.select(&logo).next().and_then(|it| it.attr("alt")),
        Some("Anytown Healthcare")
    );
}

#[test]
fn a_page_names_only_its_own_fields_and_site() {
    let mut tera = Tera::default();
    let page = "{% extends \"layouts/public.html\" %}{% block main %}{{ own }}{% endblock %}".to_owned();
    tera.add_raw_templates(templates().into_iter().chain([("page.html".to_owned(), page)]))
        .unwrap_or_else(|error| panic!("{error}"));
    let used = tera.get_template_variables("page.html").unwrap_or_default();
    assert_eq!(
        used.into_iter().collect::<BTreeSet<_>>(),
        BTreeSet::from(["own", "site"])
    );
}
