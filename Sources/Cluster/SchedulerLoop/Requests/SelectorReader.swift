package import ClusterModel
package import Scheduling

/// Reads the selectors of the Kubernetes API.
package enum SelectorReader {
    /// A `LabelSelector`: `matchLabels` and `matchExpressions`.
    package static func labels(_ field: Field) throws(ManifestError) -> LabelSelector {
        var selector = LabelSelector(matching: try field["matchLabels"].strings())
        for expression in field["matchExpressions"].elements { selector.conditions.append(try condition(expression)) }
        return selector
    }

    /// A `NodeSelector`: `nodeSelectorTerms`.
    package static func nodes(_ field: Field) throws(ManifestError) -> NodeSelector {
        var terms: [LabelSelector] = []
        for term in field["nodeSelectorTerms"].elements { terms.append(try nodeTerm(term)) }
        return NodeSelector(terms)
    }

    /// The node of a selector that asks for one by name and for nothing else, as controllers of one pod per node do.
    package static func oneNode(_ field: Field) -> String? {
        let terms = field["nodeSelectorTerms"].elements
        guard terms.count == 1, !terms[0]["matchExpressions"].isPresent else { return nil }
        let conditions = terms[0]["matchFields"].elements
        guard conditions.count == 1, conditions[0]["key"].text == "metadata.name",
            conditions[0]["operator"].text == "In", conditions[0]["values"].elements.count == 1
        else { return nil }
        return conditions[0]["values"].elements[0].text
    }

    package static func nodeTerm(_ field: Field) throws(ManifestError) -> LabelSelector {
        if field["matchFields"].isPresent {
            throw ManifestError(field["matchFields"].path, "is known here only as the one name of one node")
        }
        return try labels(field)
    }

    private static func condition(_ field: Field) throws(ManifestError) -> LabelCondition {
        let key = try field["key"].string()
        var values: [String] = []
        for value in field["values"].elements { values.append(try value.string()) }
        let name = try field["operator"].string()
        switch name {
        case "In": return LabelCondition(key, .isOneOf(Set(values)))
        case "NotIn": return LabelCondition(key, .isNoneOf(Set(values)))
        case "Exists": return LabelCondition(key, .exists)
        case "DoesNotExist": return LabelCondition(key, .isAbsent)
        case "Gt", "Lt":
            guard values.count == 1, let bound = Int64(values[0]) else {
                throw ManifestError(field["values"].path, "\(name) needs one whole number")
            }
            return LabelCondition(key, name == "Gt" ? .isGreater(than: bound) : .isLess(than: bound))
        default: throw ManifestError(field["operator"].path, "\(name) is no operator")
        }
    }
}
