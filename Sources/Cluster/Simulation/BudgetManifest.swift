internal import ClusterModel
internal import Scheduling
internal import SchedulerLoop

/// A PodDisruptionBudget; how many evictions it allows can depend on the pods that there are.
struct BudgetManifest {
    private enum Bound {
        case pods(Int)
        case percent(Int)

        init(_ field: Field) throws(ManifestError) {
            if let number = field.number, number >= 0 {
                self = .pods(number)
                return
            }
            guard let text = field.text, text.hasSuffix("%"), let part = Int(text.dropLast()), (0...100).contains(part)
            else { throw ManifestError(field.path, "expected a whole number or a percentage") }
            self = .percent(part)
        }

        func count(of all: Int) -> Int {
            switch self {
            case .pods(let number): number
            case .percent(let part): (all * part + 99) / 100
            }
        }
    }

    private let name: String
    private let namespace: String
    private let selector: LabelSelector
    private let reported: Int?
    private let least: Bound?
    private let mostGone: Bound?

    init(_ field: Field) throws(ManifestError) {
        name = try field["metadata"]["name"].string()
        namespace = field["metadata"]["namespace"].text ?? "default"
        selector = try SelectorReader.labels(field["spec"]["selector"])
        let status = field["status"]["disruptionsAllowed"]
        reported = status.isPresent ? try status.int(default: 0) : nil
        let (minimum, maximum) = (field["spec"]["minAvailable"], field["spec"]["maxUnavailable"])
        least = minimum.isPresent ? try Bound(minimum) : nil
        mostGone = maximum.isPresent ? try Bound(maximum) : nil
    }

    /// What its status says; without one, what its bounds leave of the pods that run.
    func budget(over pods: [Pod]) -> DisruptionBudget {
        let covered = pods.filter { $0.template.namespace == namespace && selector.matches($0.template.labels) }
        let running = covered.count { $0.node != nil }
        var allowed = 0
        if let least { allowed = running - least.count(of: covered.count) }
        if let mostGone { allowed = mostGone.count(of: covered.count) - (covered.count - running) }
        return DisruptionBudget(
            name: name, namespace: namespace, selector: selector, allowed: max(0, reported ?? allowed))
    }
}
