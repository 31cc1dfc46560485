// Names become numbers: templates, label sets, shapes and the counters that their terms need.
extension Pool {
    /// The number of `source`, with one more use; a new one has no lane yet.
    mutating func intern(_ source: PodTemplate) -> Int {
        if let known = templateNumbers[ObjectIdentifier(source)] {
            templates[known].uses += 1
            return known
        }
        let labels = counters.labelSet(source.labels, in: source.namespace)
        let shape = internShape(source)
        shapes[shape].uses += 1
        let template = Template(
            source: source, shape: shape, labels: labels, lane: -1, priority: source.priority, uses: 1)
        let number: Int
        if let reused = vacantTemplates.popLast() {
            number = reused
            templates[number] = template
        } else {
            number = templates.count
            templates.append(template)
        }
        templateNumbers[ObjectIdentifier(source)] = number
        return number
    }

    /// Forgets one use of a template; says which shape is gone with its last.
    mutating func release(template number: Int) -> Int? {
        templates[number].uses -= 1
        guard templates[number].uses == 0 else { return nil }
        templateNumbers[ObjectIdentifier(templates[number].source)] = nil
        vacantTemplates.append(number)
        counters.release(labelSet: templates[number].labels)
        let shape = templates[number].shape
        shapes[shape].uses -= 1
        guard shapes[shape].uses == 0 else { return nil }
        shapeNumbers[identity(templates[number].source)] = nil
        vacantShapes.append(shape)
        counters.release(counters: shapes[shape].counters)
        return shape
    }

    private func identity(_ source: PodTemplate) -> ShapeIdentity {
        let requirements = source.requirements
        let isAboutPods =
            !requirements.podAffinity.isEmpty || !requirements.podAntiAffinity.isEmpty
            || !requirements.preferredPods.isEmpty || !requirements.spread.isEmpty
        let profile = profiles[profileNumbers[requirements.profile] ?? 0]
        return ShapeIdentity(
            requirements: requirements, namespace: isAboutPods ? source.namespace : "",
            packing: bands[Band.index(for: source, in: bands)].packing ?? profile.packing)
    }

    private mutating func internShape(_ source: PodTemplate) -> Int {
        let identity = identity(source)
        if let known = shapeNumbers[identity] { return known }
        let requirements = source.requirements
        let amounts = dimensions.amounts(requirements.resources)
        nodes.widen(to: dimensions.names.count)
        let profile = profileNumbers[requirements.profile] ?? 0
        let demand = Demand(
            requirements, amounts: amounts, names: amounts.map { dimensions.names[$0.dimension] },
            packing: identity.packing)
        let (rules, holds) = compile(requirements, in: source.namespace, profile: profiles[profile])
        let shape = Shape(demand, number: profile, of: profiles[profile], rules: rules, holds: holds)
        let number: Int
        if let reused = vacantShapes.popLast() {
            number = reused
            shapes[number] = shape
        } else {
            number = shapes.count
            shapes.append(shape)
        }
        shapeNumbers[identity] = number
        counters.use(counters: shape.counters)
        return number
    }

    /// The rules of a pod by domain, and the counters of the terms that it holds: what it has against others, others
    /// must respect.
    private mutating func compile(
        _ requirements: Requirements, in namespace: String, profile: Profile
    ) -> (rules: [DomainRule], holds: [Int]) {
        var (rules, holds): ([DomainRule], [Int]) = ([], [])
        for plugin in profile.podRules {
            for rule in plugin.rules(of: requirements) {
                switch rule {
                case .near(let terms):
                    guard plugin.isFilter else { continue }
                    let selector = PodSelector(terms, in: namespace)
                    for name in Set(terms.map(\.topologyKey)).sorted() {
                        let key = key(name)
                        let counter = counter(.matching(selector), key: key)
                        rules.append(DomainRule(kind: .affinity(selector: selector), key: key, counter: counter))
                    }
                case .away(let term):
                    let (key, selector) = (key(term.topologyKey), PodSelector([term], in: namespace))
                    if plugin.isFilter {
                        let counter = counter(.matching(selector), key: key)
                        rules.append(DomainRule(kind: .antiAffinity, key: key, counter: counter))
                    }
                    holds.append(self.counter(.repelling(selector), key: key))
                case .preferred(let preference):
                    let key = key(preference.term.topologyKey)
                    let selector = PodSelector([preference.term], in: namespace)
                    let weight = Double(preference.weight) * plugin.weight
                    if weight != 0 {
                        let counter = counter(.matching(selector), key: key)
                        rules.append(DomainRule(kind: .preference(weight: weight), key: key, counter: counter))
                    }
                    holds.append(self.counter(.preferring(selector, weight: preference.weight), key: key))
                case .spread(let constraint):
                    guard constraint.isHard ? plugin.isFilter : plugin.weight != 0 else { continue }
                    rules.append(self.rule(constraint, of: requirements, in: namespace, weight: plugin.weight))
                }
            }
        }
        return (rules, holds)
    }

    private mutating func rule(
        _ constraint: SpreadConstraint, of requirements: Requirements, in namespace: String, weight: Double
    ) -> DomainRule {
        let selector = PodSelector(constraint.selector, in: namespace)
        let (filter, isNew) = counters.filter(
            CounterIndex.NodeFilter(
                nodeSelector: constraint.honorsNodeAffinity ? requirements.nodeSelector : [:],
                nodeAffinity: constraint.honorsNodeAffinity ? requirements.nodeAffinity : nil,
                tolerations: constraint.honorsTaints ? requirements.tolerations : nil))
        if isNew {
            var matching = Bitset()
            nodes.isPresent.forEach { node in
                if counters.filters[filter].matches(nodes.specs[node]) { matching[node] = true }
            }
            if filter < filterNodes.count { filterNodes[filter] = matching } else { filterNodes.append(matching) }
        }
        let key = key(constraint.topologyKey)
        let counter = counter(.matching(selector), key: key, filter: filter)
        let kind: DomainRule.Kind =
            constraint.isHard
            ? .spread(skew: constraint.maxSkew, minDomains: constraint.minDomains, selector: selector)
            : .softSpread(skew: constraint.maxSkew, minDomains: constraint.minDomains, weight: 100 * weight)
        return DomainRule(kind: kind, key: key, counter: counter)
    }

    mutating func topologyKey(_ name: String) -> Int { key(name) }

    private mutating func key(_ name: String) -> Int {
        if let known = counters.key(name) { return known }
        let key = counters.addKey(name)
        nodes.isPresent.members.forEach { counters.keys[key].add(nodes.specs[$0].labels[name], for: $0) }
        counters.layoutVersion += 1
        return key
    }

    private mutating func counter(_ subject: CounterIndex.Subject, key: Int, filter: Int = -1) -> Int {
        let identity = CounterIndex.Identity(subject: subject, key: key, filter: filter)
        if let known = counters.counter(identity) { return known }
        let counter = counters.addCounter(identity)
        recount(counter)
        return counter
    }

    /// Counts eligible nodes and what is placed already.
    private mutating func recount(_ counter: Int) {
        let identity = counters.identities[counter]
        for node in nodes.isPresent.members {
            guard let domain = domain(of: node, for: counter) else { continue }
            counters.counters[counter].addEligibleNodes(1, in: domain)
        }
        guard case .matching = identity.subject else { return }
        let matching = counters.labelSets.map { $0.counters.contains(counter) }
        guard matching.contains(true) else { return }
        for pod in pods.state.indices where pods.node[pod] >= 0 && matching[labels(of: Int32(pod))] {
            if let domain = domain(of: Int(pods.node[pod]), for: counter) {
                counters.counters[counter].addPods(1, in: domain)
            }
        }
    }
}
