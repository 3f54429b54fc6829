package import Hummingbird
package import MartletCore

/// What belongs to one request while it is answered.
package struct MartletRequestContext: RequestContext {
    package var coreContext: CoreRequestContextStorage
    /// Who asks; the one local person until a login says otherwise.
    package var principal: Principal

    package init(source: Source) {
        coreContext = .init(source: source)
        principal = .local
    }
}
