#!/usr/bin/env python3
"""Random contexts and what PyLD makes of their names, as cases for tests/it/oracle.rs.

    pip install PyLD
    pyld_cases.py ngsi-ld-core-context-v1.9.jsonld cases.json
    NGSI_LD_ORACLE=cases.json cargo test -p loggia-ngsi-ld --test it oracle -- --nocapture

Where PyLD itself stumbles the case says so and is passed over.
"""
import json
import random
import sys
import warnings

from pyld import jsonld

CORE = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld"
IDS = ["https://a.example/#", "https://a.example/#x", "https://b.example/", "urn:x:", "@type",
       "@id", "@nosuch", "t0", "t1", "t2", "t3", "t0:a", "t1:b", "t2:t3", "rel", "value",
       "ngsi-ld:foo", "_:b", "a b", "http://x.example"]
TERMS = ["t0", "t1", "t2", "t3", "t4", "t0:a", "t1:b", "value", "location", "a/b", "@foo"]
NAMES = ["t0", "t1", "t2", "t3", "t4", "t0:a", "t1:b", "t2:zz", "t3:y", "t4:q", "foo", "foo:bar",
         "https://q.example/z", "value", "location", "ngsi-ld:foo", "a/b", "rel", "urn:x:7"]
TYPES = ["@id", "@vocab", "@json", "@none", "https://t.example/T", "t1:T", "DateTime"]
CONTAINERS = ["@list", "@set", "@index", "@language", ["@set", "@index"]]
VOCABS = ["https://v.example/", "", None, "https://v.example/#"]


def definition(dice):
    iri = dice.choice(IDS)
    if dice.random() < 0.5:
        return iri
    if dice.random() < 0.1:
        return None
    made = {"@id": iri} if dice.random() < 0.9 else {}
    if dice.random() < 0.3:
        made["@type"] = dice.choice(TYPES)
    if dice.random() < 0.2:
        made["@container"] = dice.choice(CONTAINERS)
    if dice.random() < 0.3:
        made["@prefix"] = dice.random() < 0.5
    return made


def context(dice):
    made = {dice.choice(TERMS): definition(dice) for _ in range(dice.randint(0, 6))}
    if dice.random() < 0.2:
        made["@vocab"] = dice.choice(VOCABS)
    if dice.random() < 0.1:
        made["@protected"] = True
    return made


def meaning(contexts, name):
    """The expanded name; "?" when it stands for something that holds no object."""
    document = {"@context": [*contexts, CORE], "@id": "urn:e:1", name: {"@id": "urn:o:1"}}
    try:
        expanded = jsonld.expand(document)
    except jsonld.JsonLdError as error:
        if "value" in str(error.code) or "colliding" in str(error.code):
            return "?"
        raise
    keys = [k for k in (expanded[0] if expanded else {}) if k != "@id"]
    return keys[0] if len(keys) == 1 else None if not keys else "?"


def shortest(contexts, iri):
    """The name that PyLD writes for an attribute's IRI."""
    node = {"@id": "urn:e:1", iri: [{"@id": "urn:o:1", "urn:p:1": [{"@value": 1}]}]}
    compacted = jsonld.compact([node], {"@context": [*contexts, CORE]})
    keys = [k for k in compacted if compacted[k] not in ("urn:e:1",) and k != "@context"]
    return keys[0] if len(keys) == 1 else "?"


def case(dice):
    contexts = [context(dice) for _ in range(dice.choice([1, 1, 1, 2, 3]))]
    if dice.random() < 0.1:
        contexts.insert(dice.randint(0, len(contexts)), None)
    try:
        names = {n: meaning(contexts, n) for n in NAMES}
        iris = {i for i in names.values() if i and ":" in i}
        short = {i: shortest(contexts, i) for i in sorted(iris)}
        return {"context": contexts, "names": names, "short": short}
    except jsonld.JsonLdError as error:
        return {"context": contexts, "refused": str(error.code)}
    except (KeyError, TypeError) as error:
        return {"context": contexts, "broken": repr(error)}


def main():
    warnings.simplefilter("ignore")
    with open(sys.argv[1], encoding="utf-8") as file:
        core = json.load(file)
    # Its @context of its own would be fetched; no name of ours is below it.
    core["@context"].pop("ngsildproof")
    jsonld.set_document_loader(lambda url, options: {
        "contextUrl": None, "documentUrl": url, "document": core,
        "contentType": "application/ld+json"})
    dice = random.Random(9)
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        json.dump([case(dice) for _ in range(6000)], file)


main()
