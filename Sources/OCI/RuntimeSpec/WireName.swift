package import JSON

/// An enumeration whose raw values are the names in JSON; any other name is refused.
package protocol WireName: RawRepresentable, CaseIterable, JSONCodable, Sendable where RawValue == String {}

extension WireName {
    package init(json: JSONField) throws(JSONError) {
        guard let value = Self(rawValue: try json.string()) else {
            throw json.mismatch(expected: "one of " + Self.allCases.map(\.rawValue).joined(separator: ", "))
        }
        self = value
    }

    package var json: JSONValue { .string(rawValue) }
}
