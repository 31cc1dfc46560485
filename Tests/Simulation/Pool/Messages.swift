import ClusterModel
import ClusterStore
import JSON

/// Who sends and gets messages.
enum Party: Hashable {
    case server
    case node(Int)
    case user
}

enum Request {
    case api(PoolRequest)
    /// The pods of a node.
    case list(node: String)
    /// Answered when there is something, or after a while.
    case changes(node: String, after: Revision)
}

enum Answer {
    case done(JSONValue)
    case refused(APIError)
    /// As of a revision.
    case pods([JSONValue], Revision)
    /// What changed: a pod as it is, or the one that is gone.
    case changes([Change], through: Revision)
    case compacted

    enum Change {
        case now(JSONValue)
        case gone(JSONValue)
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
