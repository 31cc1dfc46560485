package import JSON

/// A plan that begins a run at times; pure.
package struct StandingPrewarm: Equatable, Sendable {
    package var plan: PrewarmPlan
    /// When it last began a run, or was set up; in seconds since 1970.
    package var since: Int64
    /// The run that it began last.
    package var run: String?

    package init(plan: PrewarmPlan, since: Int64, run: String? = nil) {
        self.plan = plan
        self.since = since
        self.run = run
    }

    /// When the next run begins; a moment that has passed was missed, and is made up for once.
    package var next: Int64? { plan.schedule?.next(after: since) }

    package func isDue(now: Int64) -> Bool { next.map { $0 <= now } ?? false }
}

extension StandingPrewarm: JSONCodable {
    package init(json: JSONField) throws(JSONError) {
        plan = try json["plan"].read()
        since = try json["since"].int()
        run = try json["run"].stringIfPresent()
    }

    package var json: JSONValue {
        var json: JSONValue = ["plan": plan.json, "since": since.json]
        json["run"] = run.map { .string($0) }
        return json
    }

    /// For people.
    package var shownJSON: JSONValue {
        var json: JSONValue = ["name": .string(plan.name), "plan": plan.shownJSON]
        json["next"] = next?.json
        json["run"] = run.map { .string($0) }
        return json
    }
}
