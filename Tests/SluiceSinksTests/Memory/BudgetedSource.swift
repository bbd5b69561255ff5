import Sluice

@testable import SluicePostgres

/// Hands changes out as the reader of a slot does: it reserves a unit, takes what costs no more, and lets a change that
/// costs more by itself wait until there is room for it alone.
struct BudgetedSource: Producer {
    private var rest: ArraySlice<RawChange>
    private var unpaid: RawChange?
    private let budget: SlotBudget

    init(_ changes: [RawChange], budget: Budget) {
        rest = changes[...]
        self.budget = SlotBudget(budget)
    }

    mutating func handleDemand(_ demand: Int) async throws -> [RawChange]? {
        await Task.yield()
        if let change = unpaid {
            guard budget.reserve(bytes: Int(change.cost)) else { return [] }
            unpaid = nil
            return [change]
        }
        guard !rest.isEmpty else { return nil }
        guard budget.reserve(bytes: budget.readUnit) else { return [] }
        var taken: [RawChange] = []
        var cost = 0
        while taken.count < demand, cost < budget.readUnit, let change = rest.popFirst() {
            taken.append(change)
            cost += Int(change.cost)
        }
        if cost > budget.readUnit, let last = taken.popLast() {
            cost -= Int(last.cost)
            unpaid = last
        }
        budget.settle(reserved: budget.readUnit, used: cost)
        return taken.isEmpty ? try await handleDemand(demand) : taken
    }
}
