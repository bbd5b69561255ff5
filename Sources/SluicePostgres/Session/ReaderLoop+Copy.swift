extension ReaderLoop {
    /// Follows what the task that copies tables has ordered.
    mutating func followOrders() {
        guard let orders = configuration.copy?.exchange.takeOrders(), !orders.isEmpty else { return }
        framer.follow(orders)
        // What waits for a position asks for it at once.
        if framer.awaitsPosition { schedule.replyRequested() }
    }

    /// Begins to take in the page whose watermark was read.
    ///
    /// It was given before the watermark was written.
    mutating func admitPage() {
        guard framer.hasWatermark else { return }
        followOrders()
        framer.admitPage()
    }

    /// Tells what became of the orders.
    mutating func reportCopy() {
        guard let exchange = configuration.copy?.exchange else { return }
        for report in framer.takeReports() { exchange.report(report) }
    }
}
