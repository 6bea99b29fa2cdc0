"""Reads a running server as OWSLib and mapbox-vector-tile do, and prints what it found as one JSON.

Usage: ogc.py ADDRESS TOKEN TILE_PATH
"""

import json
import sys
import urllib.request

import mapbox_vector_tile
from owslib.ogcapi.features import Features

CLASSES = (
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/oas30",
    "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs",
)


def pages(service):
    """All items, ten at a time."""
    offset, ids = 0, []
    while True:
        page = service.collection_items("incidents", limit=10, offset=offset)
        ids += [feature["id"] for feature in page["features"]]
        offset += 10
        if not any(link["rel"] == "next" for link in page["links"]) or offset > 1000:
            return page["numberMatched"], ids


def main():
    address, token, tile_path = sys.argv[1:]
    headers = {"Authorization": f"Bearer {token}"}
    service = Features(f"{address}/ogc", headers=headers)
    matched, ids = pages(service)
    with urllib.request.urlopen(urllib.request.Request(address + tile_path, headers=headers), timeout=30) as answer:
        tile = mapbox_vector_tile.decode(answer.read())
    declared = service.conformance()["conformsTo"]
    print(json.dumps({
        "conforms": [name for name in CLASSES if name not in declared],
        "collections": service.feature_collections(),
        "matched": matched,
        "paged": len(set(ids)),
        "one": service.collection_item("incidents", "i07")["id"],
        "in_tile": len(tile["incidents"]["features"]),
    }))


main()
