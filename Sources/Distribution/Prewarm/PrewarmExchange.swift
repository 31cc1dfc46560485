package import JSON

/// What a node tells its controller, now and then.
package struct PrewarmReport: Equatable, Sendable, JSONCodable {
    /// The run that it is about.
    package var run: String
    /// Nil while it is at work.
    package var isDone: Bool?
    /// Why it failed.
    package var reason: String
    /// Bytes that are here, and all.
    package var current: Int64
    package var total: Int64

    package init(run: String, isDone: Bool? = nil, reason: String = "", current: Int64 = 0, total: Int64 = 0) {
        self.run = run
        self.isDone = isDone
        self.reason = reason
        self.current = current
        self.total = total
    }

    package init(json: JSONField) throws(JSONError) {
        run = try json["run"].string()
        isDone = try json["done"].boolIfPresent()
        reason = try json["reason"].stringIfPresent() ?? ""
        current = try json["current"].intIfPresent() ?? 0
        total = try json["total"].intIfPresent() ?? 0
    }

    package var json: JSONValue {
        var json: JSONValue = [
            "run": .string(run), "reason": .string(reason), "current": current.json, "total": total.json,
        ]
        json["done"] = isDone?.json
        return json
    }
}

/// What a node is to have now; what is not ordered any more is to be left.
package struct PrewarmOrder: Equatable, Sendable, JSONCodable {
    package var run: String
    package var images: [String]
    /// By image.
    package var authorizations: [String: String]

    package init(run: String, images: [String], authorizations: [String: String]) {
        self.run = run
        self.images = images
        self.authorizations = authorizations
    }

    package init(json: JSONField) throws(JSONError) {
        run = try json["run"].string()
        images = try json["images"].strings()
        authorizations = try json["authorizations"].readIfPresent() ?? [:]
    }

    package var json: JSONValue {
        ["run": .string(run), "images": images.json, "authorizations": authorizations.json]
    }
}
