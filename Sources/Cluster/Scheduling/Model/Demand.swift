/// What a pod asks of a node, as plugins see it.
///
/// A reference: it is handed to plugins millions of times, and copying the requirements would cost more than they do.
package final class Demand: Sendable {
    package let requirements: Requirements
    /// Whether its queue, or else its profile, wants nodes filled or left empty.
    package let packing: Profile.Packing
    /// What it asks for, by column, with the resources' names.
    let amounts: [Amount]
    let names: [String]
    let cpu: Double
    let memory: Double

    init(_ requirements: Requirements, amounts: [Amount], names: [String], packing: Profile.Packing) {
        self.requirements = requirements
        self.amounts = amounts
        self.names = names
        self.packing = packing
        cpu = amounts.first { $0.dimension == Dimensions.cpu }?.value ?? 0
        memory = amounts.first { $0.dimension == Dimensions.memory }?.value ?? 0
    }
}
