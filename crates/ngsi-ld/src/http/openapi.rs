//! The NGSI-LD routes as OpenAPI 3.1, so that a client can be generated: one row for each
//! operation, by clause. Never a second source: a test holds the table against the routes.

use serde_json::{Map, Value, json};

/// Whether an operation takes a body, and what is in it.
#[derive(Debug, Clone, Copy)]
enum Takes {
    Nothing,
    /// One of the components.
    One(&'static str),
    /// A list of one of them.
    List(&'static str),
}

use Takes::{List, Nothing, One};

/// Method, path, name, clause and what it does, parameters beside those of the path, body, and
/// each answer's status with a component for its body.
struct Row(
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static [&'static str],
    Takes,
    &'static [(u16, &'static str)],
);

const PAGE: &str = "limit offset count";
const FIND: &str = "type id idPattern attrs pick omit q scopeQ georel geometry coordinates \
                    geoproperty local";
const VIEW: &str = "options format sysAttrs lang datasetId";
const LINKED: &str = "join joinLevel containedBy geometryProperty";
const ORDER: &str = "orderBy orderFrom orderGeometry collation";
const TIME: &str = "timerel timeAt endTimeAt timeproperty lastN aggrMethods aggrPeriodDuration";

const E: &str = "/ngsi-ld/v1/entities";
const E1: &str = "/ngsi-ld/v1/entities/{id}";
const A: &str = "/ngsi-ld/v1/entities/{id}/attrs";
const A1: &str = "/ngsi-ld/v1/entities/{id}/attrs/{attr}";
const S: &str = "/ngsi-ld/v1/subscriptions";
const S1: &str = "/ngsi-ld/v1/subscriptions/{subscriptionId}";
const C: &str = "/ngsi-ld/v1/jsonldContexts";
const C1: &str = "/ngsi-ld/v1/jsonldContexts/{contextId}";
const T: &str = "/ngsi-ld/v1/temporal/entities";
const T1: &str = "/ngsi-ld/v1/temporal/entities/{id}";
const TA: &str = "/ngsi-ld/v1/temporal/entities/{id}/attrs";
const TA1: &str = "/ngsi-ld/v1/temporal/entities/{id}/attrs/{attr}";
const TI: &str = "/ngsi-ld/v1/temporal/entities/{id}/attrs/{attr}/{instance}";

const DONE: (u16, &str) = (204, "");
const MADE: (u16, &str) = (201, "");
const PARTLY: (u16, &str) = (207, "BatchOperationResult");

#[rustfmt::skip]
const ROWS: &[Row] = &[
    Row("post", E, "createEntity", "6.4.3.1: makes an entity", &["options format"],
        One("Entity"), &[MADE]),
    Row("get", E, "queryEntities", "6.4.3.2: finds entities", &[FIND, VIEW, LINKED, ORDER, PAGE],
        Nothing, &[(200, "EntityList")]),
    Row("delete", E, "purgeEntities", "6.4.3.3: deletes what a query finds, or attributes of it",
        &[FIND, "drop keep"], Nothing, &[DONE]),
    Row("get", E1, "retrieveEntity", "6.5.3.1: one entity",
        &["type attrs pick omit", VIEW, LINKED], Nothing, &[(200, "Entity")]),
    Row("patch", E1, "mergeEntity", "6.5.3.4: merges a fragment into an entity",
        &["type options format lang observedAt"], One("EntityFragment"), &[DONE]),
    Row("put", E1, "replaceEntity", "6.5.3.3: replaces an entity", &["type options format"],
        One("EntityFragment"), &[DONE]),
    Row("delete", E1, "deleteEntity", "6.5.3.2: deletes an entity", &["type"], Nothing, &[DONE]),
    Row("post", A, "appendAttributes", "6.6.3.1: adds attributes to an entity",
        &["type options format"], One("EntityFragment"), &[DONE, (207, "UpdateResult")]),
    Row("patch", A, "updateAttributes", "6.6.3.2: updates attributes of an entity",
        &["type options format"], One("EntityFragment"), &[DONE, (207, "UpdateResult")]),
    Row("patch", A1, "updateAttribute", "6.7.3.1: updates a part of an attribute",
        &["type options format"], One("Attribute"), &[DONE]),
    Row("put", A1, "replaceAttribute", "6.7.3.3: replaces an attribute", &["type options format"],
        One("Attribute"), &[DONE]),
    Row("delete", A1, "deleteAttribute", "6.7.3.2: deletes an attribute",
        &["type datasetId deleteAll"], Nothing, &[DONE]),
    Row("post", "/ngsi-ld/v1/entityOperations/create", "createEntities",
        "6.14.3.1: makes many entities", &["options format"], List("Entity"),
        &[(201, "IdList"), PARTLY]),
    Row("post", "/ngsi-ld/v1/entityOperations/upsert", "upsertEntities",
        "6.15.3.1: makes or replaces many entities", &["options format"], List("Entity"),
        &[(201, "IdList"), DONE, PARTLY]),
    Row("post", "/ngsi-ld/v1/entityOperations/update", "updateEntities",
        "6.16.3.1: adds attributes to many entities", &["options format"], List("Entity"),
        &[DONE, PARTLY]),
    Row("post", "/ngsi-ld/v1/entityOperations/merge", "mergeEntities",
        "6.31.3.1: merges many fragments", &["options format"], List("Entity"), &[DONE, PARTLY]),
    Row("post", "/ngsi-ld/v1/entityOperations/delete", "deleteEntities",
        "6.17.3.1: deletes many entities", &[], One("IdList"), &[DONE, PARTLY]),
    Row("post", "/ngsi-ld/v1/entityOperations/query", "queryByBody",
        "6.23.3.1: finds entities by a query in the body", &["options format local", PAGE],
        One("Query"), &[(200, "EntityList")]),
    Row("get", "/ngsi-ld/v1/types", "listTypes", "6.25: the types that there are", &["details"],
        Nothing, &[(200, "Anything")]),
    Row("get", "/ngsi-ld/v1/types/{type}", "retrieveType", "6.26: one type", &[], Nothing,
        &[(200, "Anything")]),
    Row("get", "/ngsi-ld/v1/attributes", "listAttributes", "6.27: the attributes that there are",
        &["details"], Nothing, &[(200, "Anything")]),
    Row("get", "/ngsi-ld/v1/attributes/{attr}", "retrieveAttribute", "6.28: one attribute", &[],
        Nothing, &[(200, "Anything")]),
    Row("post", S, "createSubscription", "6.10.3.1: subscribes", &[], One("Subscription"),
        &[MADE]),
    Row("get", S, "listSubscriptions", "6.10.3.2: the subscriptions", &["options sysAttrs", PAGE],
        Nothing, &[(200, "SubscriptionList")]),
    Row("get", S1, "retrieveSubscription", "6.11.3.1: one subscription", &["options sysAttrs"],
        Nothing, &[(200, "Subscription")]),
    Row("patch", S1, "updateSubscription", "6.11.3.2: changes a subscription", &[],
        One("SubscriptionFragment"), &[DONE]),
    Row("delete", S1, "deleteSubscription", "6.11.3.3: ends a subscription", &[], Nothing,
        &[DONE]),
    Row("post", C, "addContext", "6.29.3.1: hosts an @context", &[], One("ContextDocument"),
        &[MADE]),
    Row("get", C, "listContexts", "6.29.3.2: the @contexts that are held", &["kind details"],
        Nothing, &[(200, "Anything")]),
    Row("get", C1, "serveContext", "6.30.3.1: one @context", &["details"], Nothing,
        &[(200, "ContextDocument")]),
    Row("delete", C1, "deleteContext", "6.30.3.2: deletes an @context, or fetches it anew",
        &["reload"], Nothing, &[DONE]),
    Row("get", "/ngsi-ld/v1/info/sourceIdentity", "sourceIdentity", "who answers here", &[],
        Nothing, &[(200, "Anything")]),
    Row("post", T, "createTemporal", "6.18.3.1: makes a history, or adds to one", &[],
        One("TemporalEntity"), &[MADE, DONE]),
    Row("get", T, "queryTemporal", "6.18.3.2: finds histories",
        &[FIND, TIME, "options format datasetId", PAGE], Nothing,
        &[(200, "TemporalList"), (206, "TemporalList")]),
    Row("get", T1, "retrieveTemporal", "6.19.3.1: one history",
        &["attrs pick omit", TIME, "options format datasetId"], Nothing,
        &[(200, "TemporalEntity"), (206, "TemporalEntity")]),
    Row("delete", T1, "deleteTemporal", "6.19.3.2: erases a history", &[], Nothing, &[DONE]),
    Row("post", TA, "addTemporalAttributes", "6.20.3.1: adds instances", &[],
        One("TemporalEntity"), &[DONE]),
    Row("delete", TA1, "deleteTemporalAttribute", "6.21.3.1: erases an attribute's history",
        &["datasetId deleteAll"], Nothing, &[DONE]),
    Row("patch", TI, "updateTemporalInstance", "6.22.3.1: replaces an instance", &[],
        One("EntityFragment"), &[DONE]),
    Row("delete", TI, "deleteTemporalInstance", "6.22.3.2: erases an instance", &[], Nothing,
        &[DONE]),
    Row("get", "/ngsi-ld/v1/entityMaps", "createEntityMap",
        "6.34.3.1: keeps what a query finds, to page through", &[FIND, ORDER, "entityMapLifetime"],
        Nothing, &[(200, "EntityMap")]),
    Row("post", "/ngsi-ld/v1/entityMaps", "createEntityMapByBody",
        "6.34.3.2: the same by a query in the body", &[], One("Query"), &[(200, "EntityMap")]),
    Row("get", "/ngsi-ld/v1/temporal/entityMaps", "createTemporalEntityMap",
        "6.35.3.1: the same of histories", &[FIND, TIME, "entityMapLifetime"], Nothing,
        &[(200, "EntityMap")]),
    Row("post", "/ngsi-ld/v1/temporal/entityMaps", "createTemporalEntityMapByBody",
        "6.35.3.2: the same of histories, by a query in the body", &[], One("Query"),
        &[(200, "EntityMap")]),
    Row("get", "/ngsi-ld/v1/entityMaps/{entityMapId}", "retrieveEntityMap",
        "6.32.3.1: one map", &[], Nothing, &[(200, "EntityMap")]),
    Row("patch", "/ngsi-ld/v1/entityMaps/{entityMapId}", "updateEntityMap",
        "6.32.3.2: changes a map", &[], One("EntityMap"), &[DONE]),
    Row("delete", "/ngsi-ld/v1/entityMaps/{entityMapId}", "deleteEntityMap",
        "6.32.3.3: forgets a map", &[], Nothing, &[DONE]),
    Row("post", "/ngsi-ld/v1/temporal/entityOperations/query", "queryTemporalByBody",
        "6.24.3.1: finds histories by a query in the body", &["options format", PAGE],
        One("Query"), &[(200, "TemporalList"), (206, "TemporalList")]),
];

/// The document: paths and components, to be merged into the house's.
#[must_use]
pub fn description() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for row in ROWS {
        let path = paths.entry(row.1).or_insert_with(|| json!({}));
        path[row.0] = operation(row);
    }
    json!({
        "openapi": "3.1.0",
        "info": { "title": "NGSI-LD", "version": "1.9" },
        "paths": paths,
        "components": { "schemas": schemas() },
    })
}

fn operation(row: &Row) -> Value {
    let Row(method, path, name, what, params, takes, answers) = row;
    let in_path = path.split('{').skip(1).filter_map(|p| p.split('}').next());
    let mut all: Vec<Value> = in_path.map(|name| parameter(name, "path")).collect();
    let words = params.iter().flat_map(|group| group.split_whitespace());
    all.extend(words.map(|name| parameter(name, "query")));
    all.extend(["NGSILD-Tenant", "Link"].map(|name| parameter(name, "header")));
    let mut responses = Map::new();
    for (status, body) in *answers {
        let answer = match *body {
            "" => json!({ "description": "done" }),
            body => json!({ "description": "done", "content": content(&reference(body)) }),
        };
        responses.insert(status.to_string(), answer);
    }
    let problem = json!({
        "description": "table 6.3.2-1, and 401, 403, 429",
        "content": { "application/json": { "schema": reference("NgsiLdProblem") } },
    });
    responses.insert("default".to_owned(), problem);
    let mut operation = json!({
        "tags": ["NGSI-LD"], "operationId": name, "summary": format!("Clause {what}"),
        "parameters": all, "responses": responses,
    });
    let schema = match takes {
        Nothing => return operation,
        One(body) => reference(body),
        List(body) => json!({ "type": "array", "items": reference(body) }),
    };
    let mut body = content(&schema);
    if *method == "patch" {
        body["application/merge-patch+json"] = body["application/json"].clone();
    }
    operation["requestBody"] = json!({ "required": true, "content": body });
    operation
}

fn content(schema: &Value) -> Value {
    json!({ "application/json": { "schema": schema }, "application/ld+json": { "schema": schema } })
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// What a parameter is; names are the specification's.
fn parameter(name: &str, place: &str) -> Value {
    let kind = match name {
        "limit" | "offset" | "joinLevel" | "lastN" => json!({ "type": "integer", "minimum": 0 }),
        "count" | "local" | "sysAttrs" | "details" | "deleteAll" | "reload" => {
            json!({ "type": "boolean" })
        }
        "timeAt" | "endTimeAt" | "observedAt" => json!({ "type": "string", "format": "date-time" }),
        _ => json!({ "type": "string" }),
    };
    json!({ "name": name, "in": place, "required": place == "path", "schema": kind })
}

/// What bodies are. Attributes are the models', so that most of them are open.
fn schemas() -> Value {
    let open = |what: &str| json!({ "type": "object", "description": what });
    let list = |of: &str| json!({ "type": "array", "items": reference(of) });
    let text = json!({ "type": "string" });
    let types = json!({ "oneOf": [text, { "type": "array", "items": text }] });
    let one = json!({ "oneOf": [text, { "type": "object" }] });
    let context = json!({ "oneOf": [one, { "type": "array", "items": one }] });
    json!({
        "Entity": {
            "type": "object", "required": ["id", "type"], "description": "clause 5.2.4",
            "properties": { "id": { "type": "string", "format": "uri" }, "type": types,
                "scope": types, "@context": context },
            "additionalProperties": true,
        },
        "EntityList": list("Entity"),
        "EntityMap": open("clause 5.2.39"),
        "EntityFragment": open("clause 5.4"),
        "Attribute": open("clauses 5.2.5 to 5.2.8"),
        "TemporalEntity": open("clause 5.2.20"),
        "TemporalList": list("TemporalEntity"),
        "Subscription": {
            "type": "object", "required": ["type", "notification"],
            "description": "clause 5.2.12",
            "properties": { "id": { "type": "string", "format": "uri" }, "type": text,
                "notification": { "type": "object" } },
            "additionalProperties": true,
        },
        "SubscriptionList": list("Subscription"),
        "SubscriptionFragment": open("clause 5.2.12, the members to change"),
        "Query": open("clause 5.2.23"),
        "ContextDocument": {
            "type": "object", "required": ["@context"], "properties": { "@context": context },
        },
        "IdList": { "type": "array", "items": text },
        "UpdateResult": open("clause 5.2.18"),
        "BatchOperationResult": open("clause 5.2.16"),
        "Anything": context,
        "NgsiLdProblem": {
            "type": "object", "required": ["type", "title"], "description": "clause 5.5.3",
            "properties": { "type": text, "title": text, "detail": text,
                "status": { "type": "integer" } },
        },
    })
}
