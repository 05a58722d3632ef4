// Stryker runs the tests that were running when a mutant was reached. The library loads some modules with the first
// request that needs them, so that Stryker would run one test for a mutant in a constant of such a module.
import '../../lib/middleware/login/callback';
import '../../lib/middleware/login/login';
import '../../lib/middleware/login/logout';
