package import JSON
package import Units

/// The columns in which people see the objects of a kind.
///
/// Source: Kubernetes API concepts, "Receiving resources as Tables".
package struct TableColumns: Sendable {
    package struct Column: Sendable {
        let name: String
        let type: String
        let format: String
        /// 0 is always shown, more only where there is room.
        let priority: Int
        let cell: @Sendable (APIObject, Timestamp) -> JSONValue

        init(
            _ name: String, type: String = "string", format: String = "", priority: Int = 0,
            _ cell: @escaping @Sendable (APIObject, Timestamp) -> JSONValue
        ) {
            self.name = name
            self.type = type
            self.format = format
            self.priority = priority
            self.cell = cell
        }

        /// A text, or `<none>`.
        static func text(
            _ name: String, priority: Int = 0, or none: String = "<none>", _ path: String...
        ) -> Column {
            Column(name, priority: priority) { object, _ in
                var value: JSONValue? = object.value
                for step in path { value = value?[step] }
                guard let value, value != .null, value != "" else { return .string(none) }
                return value
            }
        }

        static let name = Column("Name", format: "name") { object, _ in .string(object.name) }
        static let age = Column("Age") { object, now in
            Ages.text(since: object.metadata["creationTimestamp"], now)
        }
    }

    package let columns: [Column]

    /// How much of each object goes with its row.
    package enum Included: String, Sendable {
        case none = "None"
        case metadata = "Metadata"
        case object = "Object"
    }

    package init(of kind: ResourceKind) {
        columns = Self.columns(of: kind)
    }

    /// The `columnDefinitions` of a `Table`.
    package var definitions: JSONValue {
        .array(
            columns.map { column in
                [
                    "name": .string(column.name), "type": .string(column.type), "format": .string(column.format),
                    "description": .string(column.name), "priority": .integer(Int64(column.priority)),
                ]
            })
    }

    package func row(of object: APIObject, including included: Included, now: Timestamp) -> JSONValue {
        var row: JSONObject = ["cells": .array(columns.map { $0.cell(object, now) })]
        switch included {
        case .none: break
        case .metadata:
            row["object"] = [
                "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
                "metadata": object.value["metadata"] ?? [:],
            ]
        case .object: row["object"] = object.value
        }
        return .object(row)
    }

    /// A `Table`; the column definitions are left out of all but the first of a watch.
    package func table(
        _ objects: [APIObject], including included: Included, metadata: JSONValue, withColumns: Bool = true,
        now: Timestamp
    ) -> JSONValue {
        [
            "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
            "columnDefinitions": withColumns ? definitions : .null,
            "rows": .array(objects.map { row(of: $0, including: included, now: now) }),
        ]
    }
}

/// Spans of time as people read them.
enum Ages {
    /// `<unknown>` for what is no time.
    static func text(since value: JSONValue?, _ now: Timestamp) -> JSONValue {
        guard let text = value?.stringValue, let then = try? Timestamp(rfc3339: text) else { return "<unknown>" }
        return .string(short(now.duration(since: then)))
    }

    /// Two units at most: `45s`, `3m20s`, `5h12m`, `2d4h`, `30d`, `1y20d`.
    static func short(_ duration: Duration) -> String {
        let seconds = duration.components.seconds
        if seconds < -1 { return "<invalid>" }
        if seconds < 0 { return "0s" }
        if seconds < 120 { return "\(seconds)s" }
        let minutes = seconds / 60
        if minutes < 10 { return pair(minutes, "m", seconds % 60, "s") }
        if minutes < 180 { return "\(minutes)m" }
        let hours = minutes / 60
        if hours < 8 { return pair(hours, "h", minutes % 60, "m") }
        if hours < 48 { return "\(hours)h" }
        let days = hours / 24
        if days < 8 { return pair(days, "d", hours % 24, "h") }
        if days < 730 { return "\(days)d" }
        return pair(days / 365, "y", days % 365, "d")
    }

    private static func pair(_ first: Int64, _ unit: String, _ second: Int64, _ lesser: String) -> String {
        second == 0 ? "\(first)\(unit)" : "\(first)\(unit)\(second)\(lesser)"
    }
}
