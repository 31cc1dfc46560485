/// Pods by namespace and labels; all parts must match.
///
/// Several parts come from the terms of one pod's required affinity, which one pod must meet together.
struct PodSelector: Hashable {
    struct Part: Hashable {
        var namespaces: PodAffinityTerm.Namespaces
        var labels: LabelSelector
    }

    var parts: [Part]

    /// The pods that `term` of a pod in `namespace` means.
    init(_ terms: [PodAffinityTerm], in namespace: String) {
        parts = terms.map { term in
            let namespaces = term.namespaces == .own ? .named([namespace]) : term.namespaces
            return Part(namespaces: namespaces, labels: term.selector)
        }
    }

    init(_ selector: LabelSelector, in namespace: String) {
        parts = [Part(namespaces: .named([namespace]), labels: selector)]
    }

    func matches(_ labels: [String: String], in namespace: String, labelled namespaceLabels: [String: String]) -> Bool {
        parts.allSatisfy { part in
            let isInside =
                switch part.namespaces {
                case .own: false
                case .named(let names): names.contains(namespace)
                case .matching(let selector): selector.matches(namespaceLabels)
                case .either(let names, let selector): names.contains(namespace) || selector.matches(namespaceLabels)
                }
            return isInside && part.labels.matches(labels)
        }
    }
}
