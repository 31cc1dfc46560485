package import JSON

/// How far one layer is on one node.
package struct LayerProgress: Equatable, Sendable, JSONCodable {
    /// The first digits of its digest.
    package var layer: String
    /// What happens to it, in a word or two.
    package var status: String
    /// Bytes that are here, and all; zero where that is not known.
    package var current: Int64
    package var total: Int64

    package init(layer: String, status: String, current: Int64 = 0, total: Int64 = 0) {
        self.layer = layer
        self.status = status
        self.current = current
        self.total = total
    }

    package init(json: JSONField) throws(JSONError) {
        layer = try json["layer"].string()
        status = try json["status"].stringIfPresent() ?? ""
        let amounts = 0...JSONField.largestAmount
        current = try json["current"].intIfPresent(in: amounts) ?? 0
        total = try json["total"].intIfPresent(in: amounts) ?? 0
    }

    package var json: JSONValue {
        ["layer": .string(layer), "status": .string(status), "current": current.json, "total": total.json]
    }
}

/// What a node tells its controller, now and then.
package struct PrewarmReport: Equatable, Sendable, JSONCodable {
    /// The run that it is about.
    package var run: String
    /// Nil while it is at work.
    package var isDone: Bool?
    /// Why it failed.
    package var reason: String
    /// In the order in which they were first heard of.
    package var layers: [LayerProgress]

    package init(run: String, isDone: Bool? = nil, reason: String = "", layers: [LayerProgress] = []) {
        self.run = run
        self.isDone = isDone
        self.reason = reason
        self.layers = layers
    }

    /// Takes news of a layer in.
    package mutating func note(_ news: LayerProgress) {
        guard let place = layers.firstIndex(where: { $0.layer == news.layer }) else { return layers.append(news) }
        var news = news
        let known = layers[place]
        // A step that says no bytes keeps those that were said before; a layer that is here has all of them.
        if news.total == 0 {
            news.total = known.total
            news.current = news.status.hasSuffix("complete") ? known.total : known.current
        }
        layers[place] = news
    }

    package init(json: JSONField) throws(JSONError) {
        run = try json["run"].string()
        isDone = try json["done"].boolIfPresent()
        reason = try json["reason"].stringIfPresent() ?? ""
        layers = try json["layers"].readIfPresent() ?? []
        guard layers.count <= Self.mostLayers else { throw json["layers"].invalid("expected fewer layers") }
    }

    /// More than the images of any order have.
    private static let mostLayers = 4096

    package var json: JSONValue {
        var json: JSONValue = ["run": .string(run), "reason": .string(reason), "layers": layers.json]
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
    /// Bytes a second; nil is no limit.
    package var rate: Int64?
    /// For so many seconds from their arrival the images are not collected.
    package var ttl: Int64?

    package init(
        run: String, images: [String], authorizations: [String: String] = [:], rate: Int64? = nil, ttl: Int64? = nil
    ) {
        self.run = run
        self.images = images
        self.authorizations = authorizations
        self.rate = rate
        self.ttl = ttl
    }

    package init(json: JSONField) throws(JSONError) {
        run = try json["run"].string()
        images = try json["images"].strings()
        authorizations = try json["authorizations"].readIfPresent() ?? [:]
        rate = try json["rate"].intIfPresent(in: 1...JSONField.largestAmount)
        ttl = try json["ttl"].intIfPresent(in: 1...PrewarmPlan.longestTime)
    }

    package var json: JSONValue {
        var json: JSONValue = [
            "run": .string(run), "images": images.json, "authorizations": authorizations.json,
        ]
        json["rate"] = rate?.json
        json["ttl"] = ttl?.json
        return json
    }
}
