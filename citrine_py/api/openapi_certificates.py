"""The routes of certificates in the OpenAPI document."""

from __future__ import annotations

from citrine_py.api.certificate_bodies import CertificateChain, RootCertificate, TlsCertificates
from citrine_py.api.certificates import CHAIN_PATH, ROOT_PATH, TLS_PATH
from citrine_py.api.openapi_parts import (
    DATA_REFUSALS,
    STATION_REFUSALS,
    Components,
    Json,
    answer,
    body,
    parameter,
    refusals,
    tenant,
)

_TAGS = ["data"]
_PEM = "-----BEGIN CERTIFICATE-----\n...\n-----END CERTIFICATE-----\n"
_KEY = "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----\n"
_SUCCESS: Json = {
    "type": "object",
    "properties": {"success": {"type": "boolean"}},
    "required": ["success"],
}


def describe(components: Components) -> dict[str, Json]:
    """The paths."""
    return {
        TLS_PATH: {"put": _tls(components)},
        CHAIN_PATH: {"post": _chain(components)},
        ROOT_PATH: {"put": _root(components)},
    }


def _tls(components: Components) -> Json:
    return {
        "operationId": "putTlsCertificates",
        "tags": _TAGS,
        "summary": "Exchange the certificates of a charger port",
        "description": "They are written over the files of the port's settings, those of the same "
        "kind of key, and used from the next handshake on; who is connected stays. Without a body "
        "the files are read anew.",
        "parameters": [
            parameter("id", "The listener", required=True, example="tls"),
            tenant(),
        ],
        "requestBody": body(
            components.add_model(TlsCertificates),
            {"new": {"certificateChain": [_PEM], "privateKey": _KEY}},
            required=False,
        ),
        "responses": {
            "200": answer("They are in use", _SUCCESS, {"success": True}),
            **refusals(DATA_REFUSALS),
        },
    }


def _chain(components: Components) -> Json:
    schema: Json = {
        "type": "object",
        "properties": {
            "certificateChain": {"type": "string"},
            "privateKey": {"type": "string"},
        },
        "required": ["certificateChain", "privateKey"],
    }
    return {
        "operationId": "postCertificateChain",
        "tags": _TAGS,
        "summary": "Make a server's certificate with a new key",
        "description": "By the CA of CITRINE_CERTIFICATES_AUTHORITY. The key is told once and "
        "kept nowhere.",
        "parameters": [tenant()],
        "requestBody": body(
            components.add_model(CertificateChain),
            {
                "elliptic curve": {"commonName": "csms.example.com"},
                "RSA": {"commonName": "csms.example.com", "signatureAlgorithm": "SHA256withRSA"},
            },
        ),
        "responses": {
            "200": answer(
                "Both in PEM", schema, {"certificateChain": _PEM, "privateKey": _KEY}
            ),
            **refusals(DATA_REFUSALS),
        },
    }  # fmt: skip


def _root(components: Components) -> Json:
    schema: Json = {
        "type": "object",
        "properties": {"success": {"type": "boolean"}, "payload": {"type": "object"}},
        "required": ["success", "payload"],
    }
    return {
        "operationId": "putRootCertificate",
        "tags": _TAGS,
        "summary": "Install a root on a station",
        "description": "Sends InstallCertificate (M05); without a certificate, that of the CA that "
        "signs here.",
        "parameters": [tenant()],
        "requestBody": body(
            components.add_model(RootCertificate),
            {
                "ours": {"stationId": "cp001", "certificateType": "CSMSRootCertificate"},
                "given": {
                    "stationId": "cp001",
                    "certificateType": "ManufacturerRootCertificate",
                    "certificate": _PEM,
                },
            },
        ),
        "responses": {
            "200": answer(
                "The station's answer",
                schema,
                {"success": True, "payload": {"status": "Accepted"}},
            ),
            **refusals(STATION_REFUSALS),
        },
    }
