package import ClusterModel
internal import JSON
package import Scheduling
internal import Units

/// Reads how a scheduler is to behave.
///
/// The form is that of Kubernetes, `kind: KubeSchedulerConfiguration`, as far as it is known here: `profiles` with
/// `plugins.filter`, `plugins.score` and the scoring strategy of `NodeResourcesFit`, `podInitialBackoffSeconds` and
/// `podMaxBackoffSeconds`. Beyond it: `queues`, `quotas`, `overcommit`, `agingInterval`, `gangTimeoutSeconds`,
/// `nominationTimeoutSeconds`. What else it says is refused by its path.
///
/// Source: Kubernetes, "kube-scheduler Configuration (v1)".
package enum ConfigurationReader {
    package static let kind = "KubeSchedulerConfiguration"

    /// What the one document of a file says; `name` stands in messages.
    package static func read(_ text: String, name: String) throws(ManifestError) -> Configuration {
        let documents = try YAMLDocuments.read(text, name: name)
        guard documents.count == 1 else { throw ManifestError(name, "expected one document, not \(documents.count)") }
        let field = Field(documents[0], path: "\(name): ")
        guard field["kind"].text == kind else { throw ManifestError(field["kind"].path, "expected \(kind)") }
        return try configuration(field)
    }

    /// What `field` says, over `standard` where it says nothing.
    package static func configuration(
        _ field: Field, over standard: Configuration = Configuration()
    ) throws(ManifestError) -> Configuration {
        try refuse(
            field,
            besides: [
                "apiVersion", "kind", "profiles", "podInitialBackoffSeconds", "podMaxBackoffSeconds", "queues",
                "quotas",
                "overcommit", "agingInterval", "gangTimeoutSeconds", "nominationTimeoutSeconds",
            ])
        var configuration = standard
        for profile in field["profiles"].elements {
            let name = profile["schedulerName"].text ?? Profile.standardName
            guard configuration.profiles.updateValue(try self.profile(profile), forKey: name) == nil else {
                throw ManifestError(profile["schedulerName"].path, "there are two profiles \(name)")
            }
        }
        try read(seconds: field["podInitialBackoffSeconds"], into: &configuration.firstBackoff)
        try read(seconds: field["podMaxBackoffSeconds"], into: &configuration.longestBackoff)
        try read(seconds: field["gangTimeoutSeconds"], into: &configuration.gangTimeout)
        try read(seconds: field["nominationTimeoutSeconds"], into: &configuration.nominationTimeout)
        configuration.agingInterval = try number(field["agingInterval"], default: configuration.agingInterval)
        if field["queues"].isPresent { configuration.bands = try queues(field["queues"]) }
        for quota in field["quotas"].elements { configuration.quotas.append(try self.quota(quota)) }
        for (pool, ratio) in field["overcommit"].entries {
            try refuse(ratio, besides: ["cpu", "memory"])
            configuration.overcommit[pool] = Overcommit(
                cpu: try weight(ratio["cpu"], default: 1), memory: try weight(ratio["memory"], default: 1))
        }
        return configuration
    }

    // MARK: profiles

    private static func profile(_ field: Field) throws(ManifestError) -> Profile {
        try refuse(field, besides: ["schedulerName", "plugins", "pluginConfig"])
        try refuse(field["plugins"], besides: ["filter", "score"])
        let standard = Profile()
        var filters = Set(standard.filterNames)
        var scores = standard.scoreWeights
        for (kind, known) in [("filter", filters), ("score", Set(scores.keys))] {
            let plugins = field["plugins"][kind]
            try refuse(plugins, besides: ["enabled", "disabled"])
            for plugin in plugins["disabled"].elements {
                try refuse(plugin, besides: ["name", "weight"])
                let name = try plugin["name"].string()
                if name == "*" {
                    if kind == "filter" { filters = [] } else { scores = [:] }
                    continue
                }
                try require(plugin["name"], isOneOf: known, "\(kind) plugin")
                if kind == "filter" { filters.remove(name) } else { scores[name] = nil }
            }
            for plugin in plugins["enabled"].elements {
                try refuse(plugin, besides: kind == "filter" ? ["name"] : ["name", "weight"])
                try require(plugin["name"], isOneOf: known, "\(kind) plugin")
                let name = try plugin["name"].string()
                if kind == "filter" {
                    filters.insert(name)
                } else {
                    scores[name] = try weight(plugin["weight"], default: 1)
                }
            }
        }
        return Profile(filters: filters, scores: scores, packing: try packing(field["pluginConfig"]))
    }

    /// The scoring strategy of `NodeResourcesFit`: whether nodes are filled or left empty.
    private static func packing(_ field: Field) throws(ManifestError) -> Profile.Packing {
        var packing = Profile.Packing.spread
        for plugin in field.elements {
            try refuse(plugin, besides: ["name", "args"])
            try require(plugin["name"], isOneOf: ["NodeResourcesFit"], "plugin with arguments")
            try refuse(plugin["args"], besides: ["scoringStrategy", "apiVersion", "kind"])
            let strategy = plugin["args"]["scoringStrategy"]
            try refuse(strategy, besides: ["type"])
            guard strategy["type"].isPresent else { continue }
            try require(strategy["type"], isOneOf: ["LeastAllocated", "MostAllocated"], "strategy")
            packing = strategy["type"].text == "MostAllocated" ? .binPack : .spread
        }
        return packing
    }

    // MARK: queues and quotas

    private static func queues(_ field: Field) throws(ManifestError) -> [Band] {
        var bands: [Band] = []
        for queue in field.elements {
            try refuse(queue, besides: ["name", "strict", "weight", "minimumPriority", "packing"])
            let name = try queue["name"].string()
            guard !bands.contains(where: { $0.name == name }) else {
                throw ManifestError(queue["name"].path, "there are two queues \(name)")
            }
            let least = queue["minimumPriority"]
            guard let minimum = Int32(exactly: try least.int(default: Int(Int32.min))) else {
                throw ManifestError(least.path, "out of range")
            }
            if let above = bands.last, above.minimumPriority <= minimum {
                throw ManifestError(least.path, "must be below that of the queue before it")
            }
            var packing: Profile.Packing?
            if queue["packing"].isPresent {
                try require(queue["packing"], isOneOf: ["LeastAllocated", "MostAllocated"], "strategy")
                packing = queue["packing"].text == "MostAllocated" ? .binPack : .spread
            }
            bands.append(
                Band(
                    name, isStrict: try queue["strict"].bool(default: false),
                    weight: try weight(queue["weight"], default: 1), minimumPriority: minimum, packing: packing))
        }
        guard !bands.isEmpty else { throw ManifestError(field.path, "expected a list with at least one queue") }
        return bands
    }

    private static func quota(_ field: Field) throws(ManifestError) -> Quota {
        try refuse(field, besides: ["name", "namespaces", "weight", "nominal", "limit", "cohort"])
        let name = try field["name"].string()
        var namespaces: Set<String> = []
        for namespace in field["namespaces"].elements { namespaces.insert(try namespace.string()) }
        let limit = field["limit"]
        return Quota(
            name: name, namespaces: namespaces.isEmpty ? [name] : namespaces,
            weight: try weight(field["weight"], default: 1),
            nominal: try NodeReader.resources(field["nominal"], pods: 0),
            limit: limit.isPresent ? try NodeReader.resources(limit, pods: 0) : nil, cohort: field["cohort"].text,
            countsPods: field["nominal"]["pods"].isPresent || limit["pods"].isPresent)
    }

    // MARK: parts

    private static func refuse(_ field: Field, besides known: Set<String>) throws(ManifestError) {
        guard field.isPresent else { return }
        guard field.value?.objectValue != nil else { throw ManifestError(field.path, "expected fields") }
        for (key, value) in field.entries where !known.contains(key) {
            throw ManifestError(value.path, "is not known here")
        }
    }

    private static func require(_ field: Field, isOneOf known: Set<String>, _ what: String) throws(ManifestError) {
        let name = try field.string()
        guard known.contains(name) else {
            throw ManifestError(
                field.path, "there is no \(what) \(name); there are \(known.sorted().joined(separator: ", "))")
        }
    }

    private static func read(seconds field: Field, into duration: inout Duration) throws(ManifestError) {
        guard field.isPresent else { return }
        duration = .seconds(try number(field, default: 1))
    }

    private static func number(_ field: Field, default fallback: Int) throws(ManifestError) -> Int {
        let number = try field.int(default: fallback)
        guard (1...1_000_000).contains(number) else {
            throw ManifestError(field.path, "expected a whole number from 1 to 1000000")
        }
        return number
    }

    private static func weight(_ field: Field, default fallback: Double) throws(ManifestError) -> Double {
        guard field.isPresent else { return fallback }
        guard let number = field.text.flatMap({ Double($0) }), number > 0, number <= 1000 else {
            throw ManifestError(field.path, "expected a number above 0 and up to 1000")
        }
        return number
    }
}
