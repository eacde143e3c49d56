// SPDX-License-Identifier: MIT
// The only list of importers. A buffer goes to the first that accepts it.
#include "dmabuf.hpp"
#include "system.hpp"

namespace zc::gst {

std::vector<std::unique_ptr<Importer>> makeImporters(const ImportSite &)
{
    std::vector<std::unique_ptr<Importer>> importers;
    importers.push_back(makeDmabufImporter());
    importers.push_back(makeSystemImporter());
    return importers;
}

} // namespace zc::gst
