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

  // Gradio 6.31 sets what a tab holds once more a moment after it was put into the page, and folds an accordion that was
  // opened before: so it is given that moment, then looked at a few times more, unless the visitor folds it. Not sooner
  // after each other: an opening that the server still hears of is not told a second time.
  function unfold(selector) {
    var looks = 4;
    function byHand(event) { if (event.isTrusted && event.target.closest(selector)) looks = 0; }
    function look() {
      var fold = document.querySelector(selector);
      if (looks-- <= 0) { document.removeEventListener('click', byHand, true); return; }
      if (fold && !fold.classList.contains('open')) fold.click();
      setTimeout(look, 1000);
    }
    document.addEventListener('click', byHand, true);
    setTimeout(look, 300);
  }

  // Scrolls this page alone: scrollIntoView would move the article around an iframe too.
  function shownAtTop(selector) {
    var box = document.querySelector(selector);
    if (box) window.scrollTo({top: window.scrollY + box.getBoundingClientRect().top - 8, behavior: 'smooth'});
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
    var card = '#tea-lesson-' + view + ' .tea-lesson', fold = '#tea-view-' + view + ' > button.label-wrap';
    if (!await appeared(fold + ', ' + card)) return;
    unfold(fold);
    var details = document.querySelector(card);
    if (details) details.open = true;
    window.teaView(view, true);
    setTimeout(function () { shownAtTop('#tea-view-' + view + ', #tea-lesson-' + view); }, 500);  // once it has unfolded
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
