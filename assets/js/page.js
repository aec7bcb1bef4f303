// Runs before the first paint: an embedded tab never shows the header it hides, and whoever does not read the language
// that the page is built in sees it only once it is re-worded (or after two seconds, should that fail).
(function () {
  var root = document.documentElement, query = new URLSearchParams(window.location.search);
  if (query.get('embed') === 'true') root.classList.add('tea-embed');
  var lang = query.get('lang') || (navigator.language || '').slice(0, 2);
  if (lang !== 'zh') {
    root.classList.add('tea-waking');
    setTimeout(function () { root.classList.remove('tea-waking'); }, 2000);
  }

  function appeared(selector) {
    return new Promise(function (resolve) {
      var tries = 100;
      (function look() {
        var found = document.querySelector(selector);
        if (found || tries-- === 0) resolve(found);
        else setTimeout(look, 50);
      })();
    });
  }

  // Opens the view of a path such as generation/continue/tokens: its tabs one after the other, for a tab that was never
  // chosen is not in the page yet, then the view itself.
  window.teaGo = async function (path) {
    var parts = path.split('/'), view = parts.pop(), place = '#tea';
    for (var part of parts) {
      place += '-' + part;
      var tab = await appeared(place + '-button');
      if (tab && tab.getAttribute('aria-selected') !== 'true') tab.click();
    }
    // The fold of a view, or a card that stands alone; the box around them is in the page before they are.
    var found = await appeared('#tea-view-' + view + ' > button.label-wrap, #tea-lesson-' + view + ' .tea-lesson');
    if (!found) return;
    var isFold = found.matches('button'), box = isFold ? found.parentElement : found;
    if (isFold && !found.classList.contains('open')) found.click();
    var card = box.querySelector('.tea-lesson') || box;
    if (card.tagName === 'DETAILS') card.open = true;
    window.teaView(view, true);
    box.scrollIntoView({block: 'start', behavior: 'smooth'});
  };

  // Keeps the view that is open in the address, so that a copied link opens it.
  window.teaView = function (name, isOpen) {
    var url = new URL(window.location.href);
    if (isOpen) url.searchParams.set('view', name);
    else if (url.searchParams.get('view') === name) url.searchParams.delete('view');
    window.history.replaceState(window.history.state, '', url);
  };

  window.teaAwake = function () {
    root.classList.remove('tea-waking');
    root.classList.add('tea-awake');
    var view = query.get('view');
    if (view in window.teaPlaces) window.teaGo(window.teaPlaces[view] + '/' + view);
  };

  document.addEventListener('click', function (event) {
    var link = event.target.closest && event.target.closest('[data-tea-go]');
    if (link) window.teaGo(link.dataset.teaGo);
  });
})();
