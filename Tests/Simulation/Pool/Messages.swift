import ClusterStore

/// Who sends and gets messages.
enum Party: Hashable {
    case server
    case node(Int)
    case user
}

enum Request {
    case create(PodRecord)
    case delete(PodRecord)
    case evict(PodRecord)
    case list(node: String)
    /// Answered when there is something, or after a while.
    case changes(node: String, after: Revision)
    case running(PodRecord)
    /// A pod that was to leave has ended.
    case ended(PodRecord)
    case beat(node: String)
}

enum Answer {
    case done
    case refused
    /// As of a revision.
    case pods([PodRecord], Revision)
    /// What changed: a pod as it is, or the one that is gone.
    case changes([Change], through: Revision)
    case compacted

    enum Change {
        case now(PodRecord)
        case gone(PodRecord)
    }
}

/// What arrives somewhere; the number ties an answer to its request.
struct Message {
    enum Content {
        case request(Request)
        case answer(Answer)
    }

    var from: Party
    var to: Party
    var number: Int
    var content: Content
}
